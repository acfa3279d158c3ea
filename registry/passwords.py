"""What a password must look like (口令复杂度), where the buyer is assessed by GB/T 22239."""

import string

from django.core.exceptions import ValidationError

from registry import codes
from registry.models import User

CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
NEEDED = 3


class ThreeOfFourClasses:
    """Three of: small letters, capitals, digits, anything else (GB/T 22239-2019 8.1.4.1 a)."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Raises ValidationError where fewer than three kinds of characters occur."""
        kinds = sum(any(one in kind for one in password) for kind in CLASSES)
        kinds += any(all(one not in kind for kind in CLASSES) for one in password)
        if kinds < NEEDED:
            raise ValidationError(self.get_help_text(), code="password_too_plain")

    def get_help_text(self) -> str:
        """The rule in one sentence."""
        return "密码须包含小写字母、大写字母、数字、其他符号中的至少三种。"


def fresh() -> str:
    """A password to hand over on paper and to be changed at the first login: random, without signs that look alike."""
    while True:
        made = codes.unguessable()
        if any(one.isdigit() for one in made) and any(one.isalpha() for one in made):
            return made
