"""The papers that go with a form that is being entered: any number of files for each paper of the programme."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.datastructures import MultiValueDict

from applications.models import Programme, RequiredPaper
from workflow.forms.base import PAPER_TYPES, ManyFilesField, ManyFilesInput

OTHER = "paper_other"


class PapersForm(forms.Form):
    """One field for each kind of paper. What a file really is, the upload itself is asked."""

    def __init__(
        self, programme: Programme, *, files: MultiValueDict[str, UploadedFile] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(None, files, **kwargs)
        self.wanted = {f"paper_{paper.pk}": paper for paper in programme.required_papers.all()}
        labels = {
            name: f"{paper.name}{'（必须）' if paper.compulsory else ''}"
            for name, paper in self.wanted.items()
        }
        for name, label in {**labels, OTHER: "其他材料"}.items():
            widget = ManyFilesInput(attrs={"accept": PAPER_TYPES, "multiple": True, "data-send": True})
            self.fields[name] = ManyFilesField(label=label, required=False, widget=widget)

    @property
    def given(self) -> Iterator[tuple[RequiredPaper | None, UploadedFile]]:
        """The files that came, each with its paper; taken by camera or chosen, both under one name."""
        for name in self.fields:
            for upload in self.files.getlist(name) if self.files else []:
                yield self.wanted.get(name), upload
