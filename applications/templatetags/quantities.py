"""Quantities in templates, written as the working of an amount writes them."""

from decimal import Decimal

from django import template

from applications import amounts

register = template.Library()


@register.filter
def plain(value: Decimal) -> str:
    """A quantity without idle zeros: 4.50 → 4.5, 100.00 → 100."""
    return amounts.plain(value)
