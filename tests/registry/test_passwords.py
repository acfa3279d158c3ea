"""The composition that GB/T 22239 asks for, and the hash that keeps it."""

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from config import settings as project


@pytest.mark.parametrize(
    "password", ["Abcdefgx1", "abcdefg-1", "ABCDEFG-1x", "村里的Xiaoli", "示例新口令-a1"]
)
def test_three_kinds_are_enough(password: str) -> None:
    validate_password(password)


@pytest.mark.parametrize("password", ["abcdefgh1", "ABCDEFGH1", "abcdefgHIJ", "示例口令示例口令1"])
def test_two_kinds_are_not(password: str) -> None:
    with pytest.raises(ValidationError, match="至少三种"):
        validate_password(password)


def test_new_passwords_are_hashed_with_argon2(settings: object) -> None:
    assert project.PASSWORD_HASHERS[0].endswith("Argon2PasswordHasher")
    settings.PASSWORD_HASHERS = project.PASSWORD_HASHERS  # type: ignore[attr-defined]
    assert make_password("示例口令-a1").startswith("argon2$argon2id$")
