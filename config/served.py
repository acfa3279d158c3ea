"""Which static files are collected."""

from django.contrib.staticfiles.apps import StaticFilesConfig


class ServedFiles(StaticFilesConfig):
    """All but Viewflow's own: its pages are not mounted, and one of its sheets names a font that is not there."""

    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "viewflow"]
