"""Forms of the pages: what a person types, before a verb judges it."""
