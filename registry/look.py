"""How pages look for one visitor (无障碍、长辈版): kept in cookies that say nothing about anybody."""

from collections.abc import Mapping
from dataclasses import dataclass

CHOICES: dict[str, tuple[str, ...]] = {
    "elder": ("0", "1"),
    "size": ("normal", "large", "largest"),
    "contrast": ("normal", "high"),
}
"""Name of the cookie and of the address's parameter: its values, the usual one first."""


@dataclass(frozen=True)
class Look:
    """长辈版 or not, the type size, the contrast."""

    elder: bool = False
    size: str = "normal"
    contrast: str = "normal"

    @property
    def classes(self) -> str:
        """The classes of the page's root, which the stylesheet reads."""
        found = ["elder"] if self.elder else []
        found += [f"size-{self.size}"] if self.size != "normal" else []
        return " ".join(found + ([f"contrast-{self.contrast}"] if self.contrast != "normal" else []))


def of(asked: Mapping[str, str], kept: Mapping[str, str]) -> Look:
    """The look of a page: what its address asks for, else what the cookies keep, else the usual one."""

    def value(name: str) -> str:
        given = (asked.get(name), kept.get(name))
        return next((one for one in given if one in CHOICES[name]), CHOICES[name][0]) or ""

    return Look(value("elder") == "1", value("size"), value("contrast"))
