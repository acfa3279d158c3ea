"""Codes that a person is given on paper and nobody can guess (回执、查询码)."""

import secrets
import unicodedata

# No 0/O, 1/I/L: a code is read out on the telephone and copied by hand.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
GROUPS, EACH = 3, 4


def unguessable() -> str:
    """Twelve random characters, four by four: 31 to the twelfth, so that no code leads to another."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(EACH)) for _ in range(GROUPS))


def as_stored(typed: str) -> str:
    """A code as it is stored, whatever was typed: small letters, full-width signs, blanks or dashes between."""
    text = unicodedata.normalize("NFKC", typed).upper()
    plain = "".join(sign for sign in text if sign.isalnum())
    return "-".join(plain[at : at + EACH] for at in range(0, len(plain), EACH))
