"""What is typed for a sheet: its heading and picks, the act of display, its end, the ten items."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet

from applications.models import Application
from registry.models import User
from workflow.announcements import LABELS, Listing, TenItems
from workflow.displays import Display
from workflow.drafts import REQUIRED, Heading
from workflow.forms.base import PhotoField, VerbForm

BATCHES = ["第一批", "第二批", "第三批", "第四批", "第五批"]
WHEN = "%Y-%m-%dT%H:%M"
CATALOGUE = ["category", "topic", "document_number", "generated_on"]


class MomentInput(forms.DateTimeInput):
    """The browser's own date and time picker, to the minute."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format=WHEN)


class SheetForm(VerbForm):
    """A draft sheet: which cases, and what it says besides its list."""

    applications = forms.TypedMultipleChoiceField(
        label="列入名单",
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": "请至少选择一件申请列入名单。",
            "invalid_choice": "所选申请中有的已不在待公示名单里，名单已更新，请核对后重新选择。",
        },
    )
    title = forms.CharField(label="标题", max_length=200)
    batch_label = forms.ChoiceField(
        label="批次",
        required=False,
        choices=[("", "不分批"), *((name, name) for name in BATCHES)],
        help_text="有的村还没有报上来时，先公示已报上来的，标为第一批。",
    )
    legal_basis = forms.CharField(label="政策依据", widget=forms.Textarea(attrs={"rows": 2}))
    standard = forms.CharField(label="补贴标准", widget=forms.Textarea(attrs={"rows": 2}))
    text = forms.CharField(label="正文", widget=forms.Textarea(attrs={"rows": 3}))
    objection_way = forms.CharField(label="异议受理方式", widget=forms.Textarea(attrs={"rows": 2}))
    department_phone = forms.CharField(label="区主管部门监督电话", max_length=40)
    township_phone = forms.CharField(label="乡镇监督电话", max_length=40)
    discipline_phone = forms.CharField(label="纪委监督电话", max_length=40)
    hotline = forms.CharField(label="举报电话", max_length=40)

    def __init__(self, *args: Any, cases: Iterable[Application], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        picks: Any = self.fields["applications"]
        picks.choices = [(case.pk, case.number) for case in cases]
        for name, label in REQUIRED.items():
            self.fields[name].error_messages["required"] = f"公示必须写明{label}，请补齐。"

    @property
    def heading(self) -> Heading:
        """The heading as typed."""
        names = [*REQUIRED, "batch_label"]
        return Heading(**{name: self.cleaned_data[name] for name in names})


class DisplayForm(VerbForm):
    """One act of putting sheets up, as the person who did it remembers it."""

    ids = forms.CharField(widget=forms.HiddenInput)
    place = forms.CharField(label="张贴地点", max_length=100)
    displayed_at = forms.DateTimeField(
        label="张贴时间",
        widget=MomentInput,
        help_text="实际贴上去的时间，不能晚于现在。公示期从这一天起算。贴出来以后要尽快登记，登记晚了要重新张贴。",
    )
    posted_by = forms.ModelChoiceField(
        label="张贴人",
        queryset=User.objects.none(),
        required=False,
        empty_label=None,
        help_text="实际去张贴的经办人，不是自己的请改选。",
        error_messages={"invalid_choice": "所选的人不是这张公示的经办人员，请重新选择。"},
    )
    witness = forms.CharField(
        label="见证人",
        max_length=50,
        help_text="村务监督委员会成员，不能是张贴人，也不能是村两委成员或其近亲属。",
    )
    witness_post = forms.CharField(label="见证人身份", max_length=50, initial="村务监督委员会")
    photo = PhotoField(
        label="张贴照片",
        widget=forms.ClearableFileInput(attrs={"accept": "image/jpeg,image/png"}),
        help_text="一张就够，要能看清贴出来的名单。JPG或PNG。",
    )

    def __init__(self, *args: Any, posters: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people: Any = self.fields["posted_by"]
        people.queryset = posters
        people.label_from_instance = lambda person: person.name

    @property
    def act(self) -> Display:
        """The act as typed."""
        names = ["place", "displayed_at", "posted_by", "witness", "witness_post", "photo"]
        return Display(**{name: self.cleaned_data[name] for name in names})


class TakeDownForm(VerbForm):
    reason = forms.CharField(
        label="撤下原因",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="会写入每件申请的办理记录。",
        error_messages={"required": "提前撤下公示必须写明原因。"},
    )


class EndPhotoForm(VerbForm):
    photo = PhotoField(
        label="期满照片",
        widget=forms.ClearableFileInput(attrs={"accept": "image/jpeg,image/png"}),
        help_text="公示最后一天或之后拍的一张照片。JPG或PNG。",
    )

    @property
    def picture(self) -> UploadedFile:
        picture: UploadedFile = self.cleaned_data["photo"]
        return picture


class ExcuseForm(VerbForm):
    reason = forms.CharField(
        label="原因",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "请写明没有期满照片的原因。"},
    )


class ItemsForm(VerbForm):
    """The nine items that a person writes (公告时间 is the tenth and set on publication), and the catalogue."""

    category = forms.CharField(label="组配分类", max_length=60, required=False)
    topic = forms.CharField(label="主题分类", max_length=60, required=False)
    document_number = forms.CharField(
        label="文号", max_length=60, required=False, help_text="没有文号可以不填，公开页面写“无”。"
    )
    generated_on = forms.DateField(
        label="生成日期",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="公告定稿的日期，不能晚于今天；不填就是发布当天。",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in LABELS.items():
            self.fields[name] = forms.CharField(
                label=label, required=False, widget=forms.Textarea(attrs={"rows": 2})
            )
        self.order_fields([*LABELS, *CATALOGUE])

    @property
    def items_typed(self) -> TenItems:
        return TenItems(**{name: self.cleaned_data[name] for name in LABELS})

    @property
    def listing(self) -> Listing:
        """The catalogue fields as typed."""
        return Listing(**{name: self.cleaned_data[name] for name in CATALOGUE})
