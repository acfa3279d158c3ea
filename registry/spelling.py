"""Names by their sound (拼音检索): how a name is spelt in pinyin and in initials, kept beside it for the search."""

import os
import re
from typing import Any

from django.db import models

# Names are asked character by character: without the dictionary of phrases each process starts a tenth of a second
# sooner and is 40 MB smaller. The library reads this when it is first imported.
os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")

from pypinyin import Style, pinyin

HAN = re.compile(r"[㐀-鿿𠀀-𳎯]")
ASKED = re.compile(r"[a-z]+")
BRACKETED = re.compile(r"〔[^〕]*〕")


def spell(name: str) -> str:
    """The spellings of a name: `zhangsan zs`, and again for each character that is read in another way too.

    A surname often has its own reading (单 shàn, 曾 zēng, 仇 qiú), and nobody knows which one will be typed.
    """
    ways = [_readings(one) for one in HAN.findall(BRACKETED.sub("", name))]
    if not ways:
        return ""
    usual = [readings[0] for readings in ways]
    found = [usual]
    for place, readings in enumerate(ways):
        found += [[*usual[:place], other, *usual[place + 1 :]] for other in readings[1:]]
    words = (word for one in found for word in ("".join(one), "".join(sound[0] for sound in one)))
    return " ".join(dict.fromkeys(words))


def _readings(character: str) -> list[str]:
    """How one character is read, without tones; the usual reading first."""
    sounds = pinyin(character, style=Style.NORMAL, heteronym=True, errors="ignore")
    readings = [sound for sound in (sounds[0] if sounds else []) if ASKED.fullmatch(sound)]
    return readings or ["-"]


def asked(text: str) -> str:
    """What was typed as a spelling, as it is kept: `Zhang San` → `zhangsan`; nothing where it is none."""
    typed = re.sub(r"[\s'’.-]", "", text.lower()).replace("ü", "v")
    return typed if ASKED.fullmatch(typed) else ""


class SpellingField(models.TextField):
    """The spellings of another field, kept in step with it whenever the row is saved."""

    description = "拼音检索"

    def __init__(self, *args: Any, of: str, **kwargs: Any) -> None:
        self.of = of
        kwargs.update(blank=True, default="", editable=False)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, Any, dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        for fixed in ("blank", "default", "editable"):
            kwargs.pop(fixed, None)
        return name, path, args, {**kwargs, "of": self.of}

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        """What is written follows from the other field; bulk_create and update_or_create come by here too."""
        spelt = spell(getattr(model_instance, self.of) or "")
        setattr(model_instance, self.attname, spelt)
        return spelt
