"""How sensitive numbers look on a screen (脱敏), one function per kind."""


def mask_id_number(number: str) -> str:
    """Show the first two and the last three characters of an ID number."""
    return _masked(number, head=2, tail=3)


def mask_phone(number: str) -> str:
    """Show the first three and the last four digits of a mobile number, the last two of a shorter one."""
    return _masked(number, head=3, tail=4) if len(number) >= 11 else _masked(number, head=0, tail=2)


def mask_card(number: str) -> str:
    """Show the last four digits of a bank card."""
    return _masked(number, head=0, tail=4)


def mask_name(name: str) -> str:
    """Show the first character of a name."""
    return _masked(name, head=1, tail=0) if len(name) > 1 else "*" * len(name)


def _masked(text: str, *, head: int, tail: int) -> str:
    hidden = len(text) - head - tail
    return text[:head] + "*" * hidden + text[len(text) - tail :] if hidden > 0 else "*" * len(text)
