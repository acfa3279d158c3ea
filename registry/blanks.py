"""Texts with blanks (模板和变量): a title and a text that name variables in braces, filled in one pass."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from registry.refusal import Refused

TITLE_LIMIT = 200
_VARIABLE = re.compile(r"\{([^{}]*)\}")


class BadWording(Refused):
    """A template that is empty, too long, or names something that nobody can fill in."""


@dataclass(frozen=True)
class Wording:
    """A title and a text with variables in braces; version 0 is the default of the code."""

    title: str
    text: str
    version: int = 0

    @property
    def variables(self) -> set[str]:
        """The variables that are named anywhere."""
        return {name.strip() for name in _VARIABLE.findall(f"{self.title} {self.text}")}

    def filled(self, values: Mapping[str, str]) -> "Wording":
        """With its variables replaced. Raises KeyError where one has no value."""
        return Wording(fill(self.title, values), fill(self.text, values), self.version)


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with its variables replaced, in one pass: a value with braces stays as it is."""
    return _VARIABLE.sub(lambda found: values[found.group(1).strip()], template)


def check(wording: Wording, known: Collection[str]) -> None:
    """Refuse an empty part, a stray brace, a variable that is not known, and a title of several lines."""
    for label, template in (("标题", wording.title), ("正文", wording.text)):
        if not template.strip():
            raise BadWording(f"{label}不能为空。")
        names = [name.strip() for name in _VARIABLE.findall(template)]
        unknown = list(dict.fromkeys(name for name in names if name not in known))
        if unknown:
            named = "、".join(f"{{{name}}}" for name in unknown)
            raise BadWording(f"{label}里有不认识的变量{named}，可用的是：{'、'.join(known)}。")
        if re.search(r"[{}]", _VARIABLE.sub("", template)):
            raise BadWording(f"{label}里的花括号没有成对，请核对。")
    if len(wording.title) > TITLE_LIMIT or "\n" in wording.title:
        raise BadWording(f"标题应为一行，不超过{TITLE_LIMIT}个字。")
