"""What is typed for a template of sheets (公示模板)."""

from django import forms

from workflow.forms.base import VerbForm
from workflow.wordings import TITLE_LIMIT, Wording


class WordingForm(VerbForm):
    """A title and a text with variables in braces; `version` is the one that was shown."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    title = forms.CharField(label="标题", max_length=TITLE_LIMIT)
    text = forms.CharField(label="正文", widget=forms.Textarea(attrs={"rows": 4}))

    @property
    def wording(self) -> Wording:
        """The template as typed."""
        return Wording(**{name: self.cleaned_data[name] for name in ("title", "text", "version")})
