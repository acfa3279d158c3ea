"""Pages. A view fetches with permission, binds the form, calls one verb, and redirects."""
