"""The public objection form: no login and no puzzle, a signed time instead; and the receipt form."""

import hashlib
import unicodedata
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError

from workflow.complaints import MAX_PHOTOS
from workflow.forms.fieldwork import ManyFilesField, ManyFilesInput
from workflow.models import Channel
from workflow.objections import Complaint

SALT = "public-objection-form"
SOONEST = timedelta(seconds=3)
LATEST = timedelta(hours=2)

TOO_FRESH = "提交得太快了，请核对一遍内容，过几秒再点“提交异议”。您填写的内容还在。"
TOO_OLD = "这个页面打开超过两个小时，为了安全已经失效。您填写的内容还在，请核对后再点一次“提交异议”。"
FORGED = "这次提交没有通过安全检查。您填写的内容还在，请核对后再点一次“提交异议”。"
HONEYPOT = "有一个栏目是不用填的，请把“此栏请留空”里的内容删掉，再点“提交异议”。"


def issue(entry: int, *, now: datetime) -> str:
    """A token that says for which row and when the form was given out."""
    return signing.dumps({"entry": entry, "at": now.timestamp()}, salt=SALT)


def fault(token: str, entry: int, *, now: datetime) -> str:
    """What is wrong with a token, or nothing: at least three seconds old, at most two hours, for this row."""
    try:
        said = signing.loads(token, salt=SALT)
        same, age = said["entry"] == entry, timedelta(seconds=now.timestamp() - said["at"])
    except (signing.BadSignature, KeyError, TypeError, ValueError):
        return FORGED
    if not same or age < timedelta(0):
        return FORGED
    if age < SOONEST:
        return TOO_FRESH
    return TOO_OLD if age > LATEST else ""


def key_of(token: str, typed: object) -> str:
    """The idempotency key of one given-out form with what was typed into it: the same again is one objection."""
    return hashlib.sha256(repr((token, typed)).encode()).hexdigest()


class ObjectionForm(forms.Form):
    """An objection by anybody, named or anonymous."""

    anonymous = forms.TypedChoiceField(
        label="是否署名",
        choices=[("0", "署名，便于告知处理结果"), ("1", "不署名")],
        coerce=lambda given: given == "1",
        widget=forms.RadioSelect,
        error_messages={"required": "请选择署名或者不署名。"},
    )
    name = forms.CharField(
        label="您的姓名",
        max_length=50,
        required=False,
        help_text="署名的请填写。姓名和电话加密保存，不会公开。",
        error_messages={"max_length": "姓名请控制在50个字以内。"},
    )
    phone = forms.CharField(
        label="联系电话",
        max_length=40,
        required=False,
        help_text="可以不填。",
        error_messages={"max_length": "电话请控制在40个字以内。"},
    )
    facts = forms.CharField(
        label="异议内容",
        strip=False,
        widget=forms.Textarea(attrs={"rows": 7}),
        help_text="写清楚什么人、什么情况与公示不符。请不要写身份证号和银行卡号。",
        error_messages={"required": "请写明异议的具体事实，例如什么人、什么情况与公示不符。"},
    )
    concerns_cadre = forms.BooleanField(
        label="反映的是村干部或其近亲属", required=False, help_text="勾选后由乡镇处理，不经过村里。"
    )
    photos = ManyFilesField(
        label="照片",
        required=False,
        widget=ManyFilesInput(attrs={"accept": "image/jpeg,image/png", "multiple": True}),
        help_text=f"可以不传，最多{MAX_PHOTOS}张。照片里的拍摄地点等信息会去掉。",
    )
    website = forms.CharField(
        label="此栏请留空",
        required=False,
        widget=forms.TextInput(attrs={"tabindex": "-1", "autocomplete": "off"}),
    )
    token = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, entry: int, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.entry, self.now = entry, now

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("website"):
            raise ValidationError(HONEYPOT)
        if wrong := fault(data.get("token") or "", self.entry, now=self.now):
            self.renew(wrong)
            raise ValidationError(wrong)
        return data

    def renew(self, wrong: str) -> None:
        """Give out a new token where the old one will never do; a fresh one only has to age."""
        if wrong != TOO_FRESH:
            self.data = {**self.data.dict(), "token": issue(self.entry, now=self.now)}  # type: ignore[attr-defined]

    @property
    def complaint(self) -> Complaint:
        """The complaint as typed."""
        data = self.cleaned_data
        return Complaint(
            channel=Channel.WEB,
            facts=data["facts"],
            anonymous=data["anonymous"],
            name=data["name"],
            phone=data["phone"],
            concerns_cadre=data["concerns_cadre"],
            photos=tuple(data["photos"]),
        )

    @property
    def key(self) -> str:
        """The idempotency key of the form that was given out, with what was typed into it."""
        return key_of(self.cleaned_data["token"], replace(self.complaint, photos=()))


class AppealForm(forms.Form):
    """An appeal (复核) by whoever holds the receipt."""

    receipt = forms.CharField(widget=forms.HiddenInput, max_length=40)
    facts = forms.CharField(
        label="申请复核的理由",
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="写清楚对处理结果哪一点不服、还有什么事实。由上一级处理，只能申请一次。",
        error_messages={"required": "请写明对处理结果哪一点不服、还有什么事实。"},
    )
    token = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, objection: int, now: datetime, **kwargs: Any) -> None:
        # The page has a second form with a field for the receipt: no id may stand twice.
        super().__init__(*args, **{"auto_id": "appeal_%s", **kwargs})
        self.objection, self.now = objection, now

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if wrong := fault(data.get("token") or "", self.objection, now=self.now):
            if wrong != TOO_FRESH:
                token = issue(self.objection, now=self.now)
                self.data = {**self.data.dict(), "token": token}  # type: ignore[attr-defined]
            raise ValidationError(wrong.replace("提交异议", "申请复核"))
        return data

    @property
    def key(self) -> str:
        """The idempotency key of the form that was given out, with what was typed into it."""
        return key_of(self.cleaned_data["token"], self.cleaned_data["facts"])


class ReceiptForm(forms.Form):
    receipt = forms.CharField(
        label="回执编号",
        max_length=40,
        help_text="提出异议时拿到的12位编号，不分大小写，横线可以不写。",
        error_messages={"required": "请填写回执编号。"},
    )

    def clean_receipt(self) -> str:
        """The code as it is stored, whatever was typed between."""
        return spelled(self.cleaned_data["receipt"])


def spelled(typed: str) -> str:
    """A receipt code as it is stored: capitals, four by four."""
    text = unicodedata.normalize("NFKC", typed).upper()
    plain = "".join(sign for sign in text if sign.isalnum())
    return "-".join(plain[at : at + 4] for at in range(0, len(plain), 4))
