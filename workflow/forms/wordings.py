"""What is typed for a template of sheets (公示模板)."""

from django import forms

from registry.blanks import TITLE_LIMIT, Wording
from workflow.forms.base import VerbForm


class WordingForm(VerbForm):
    """A title and a text with variables in braces; `version` is the one that was shown."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    title = forms.CharField(label="标题", max_length=TITLE_LIMIT)
    text = forms.CharField(label="正文", widget=forms.Textarea(attrs={"rows": 4}))

    @property
    def wording(self) -> Wording:
        """The template as typed."""
        return Wording(**{name: self.cleaned_data[name] for name in ("title", "text", "version")})
