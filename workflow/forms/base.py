"""What every form that ends in a verb carries."""

from typing import Any
from uuid import uuid4

from django import forms
from django.core.files.uploadedfile import UploadedFile


def new_key() -> str:
    """A fresh idempotency key for one rendering of a form."""
    return uuid4().hex


class VerbForm(forms.Form):
    """A form that names the revision it showed and carries an idempotency key."""

    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)
    key = forms.CharField(widget=forms.HiddenInput, max_length=64, initial=new_key)


MOST_FILES = 9
PAPER_TYPES = "image/jpeg,image/png,application/pdf"


class ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class CameraMixin:
    """A file field that a telephone fills from its camera; the photo is made smaller before it is sent."""

    camera = True

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        attrs: dict[str, Any] = super().widget_attrs(widget)  # type: ignore[misc]
        return {**attrs, "data-shrink": True}


class ManyFilesField(forms.FileField):
    """Any number of files, each cleaned as one; none is an empty list."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        given = data if isinstance(data, list | tuple) else [data]
        files = [one for one in given if one]
        if self.required and not files:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        if len(files) > MOST_FILES:
            raise forms.ValidationError(f"一次最多上传{MOST_FILES}个文件。")
        clean_one = super().clean
        return [clean_one(one, initial) for one in files]


class PhotoField(CameraMixin, forms.FileField):
    """One photo, taken with the telephone or picked."""


class ManyPhotosField(CameraMixin, ManyFilesField):
    """Photos or papers, taken with the telephone or picked."""
