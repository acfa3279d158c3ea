from django.apps import AppConfig


class RegistryConfig(AppConfig):
    name = "registry"
    verbose_name = "户籍与人员"

    def ready(self) -> None:
        from registry import checks, sessions  # noqa: F401  registers the checks and the receiver
