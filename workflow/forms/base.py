"""What every form that ends in a verb carries."""

from uuid import uuid4

from django import forms


def new_key() -> str:
    """A fresh idempotency key for one rendering of a form."""
    return uuid4().hex


class VerbForm(forms.Form):
    """A form that names the revision it showed and carries an idempotency key."""

    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)
    key = forms.CharField(widget=forms.HiddenInput, max_length=64, initial=new_key)
