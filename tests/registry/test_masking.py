"""How sensitive numbers look on a screen."""

from collections.abc import Callable

import pytest

from registry.masking import mask_card, mask_id_number, mask_phone


@pytest.mark.parametrize(
    ("mask", "plain", "shown"),
    [
        (mask_id_number, "350000199001010123", "35*************123"),
        (mask_id_number, "35000019900101012X", "35*************12X"),
        (mask_id_number, "350001", "35*001"),
        (mask_id_number, "35001", "*****"),
        (mask_id_number, "", ""),
        (mask_phone, "13800001234", "138****1234"),
        (mask_phone, "0123-4560001", "012*****0001"),
        (mask_phone, "4560001", "*****01"),
        (mask_phone, "12", "**"),
        (mask_phone, "", ""),
        (mask_card, "6200000000000001234", "***************1234"),
        (mask_card, "1234", "****"),
        (mask_card, "", ""),
    ],
)
def test_a_masked_number_shows_only_its_ends(mask: Callable[[str], str], plain: str, shown: str) -> None:
    assert mask(plain) == shown
