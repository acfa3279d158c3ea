"""What a password must look like (口令复杂度), where the buyer is assessed by GB/T 22239."""

import string

from django.contrib.auth.hashers import check_password, is_password_usable
from django.core.exceptions import ValidationError

from registry import codes
from registry.models import FormerPassword, User

CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
NEEDED = 3
REMEMBERED = 5


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


class NotOneOfTheLastFive:
    """None of the five passwords that a person had last (GB/T 22239-2019 8.1.4.1 a): only their hashes are kept."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Raises ValidationError where it is the present password or one of those just before it."""
        if user is None or user.pk is None:
            return
        kept = {row.password for row in user.former_passwords.all()[:REMEMBERED]} | {user.password}
        if any(check_password(password, one) for one in kept if is_password_usable(one)):
            raise ValidationError(self.get_help_text(), code="password_used_before")

    def password_changed(self, password: str, user: User | None = None) -> None:
        """Django says so after it has written a new hash: remember it, and forget what is older than five."""
        if user is None or user.pk is None:
            return
        FormerPassword.objects.create(user=user, password=user.password)
        if older := list(user.former_passwords.values_list("pk", flat=True)[REMEMBERED:]):
            FormerPassword.objects.filter(pk__in=older).delete()

    def get_help_text(self) -> str:
        """The rule in one sentence."""
        return f"密码不能与最近用过的{REMEMBERED}个密码相同。"


def fresh() -> str:
    """A password to hand over on paper and to be changed at the first login: random, without signs that look alike."""
    while True:
        made = codes.unguessable()
        if any(one.isdigit() for one in made) and any(one.isalpha() for one in made):
            return made
