"""Files that belong to a case, a visit, a meeting or a display: never changed, removed only by a recorded decision."""

from pathlib import PurePath
from uuid import uuid4

from django.conf import settings
from django.db import models

from applications.models.application import Application
from applications.models.fieldwork import AppraisalMeeting, VerificationVisit
from applications.models.privacy import Removal
from applications.models.programme import RequiredPaper
from registry.sensitive import SensitiveField

SUFFIX = {"image/jpeg": ".jpg", "image/png": ".png", "application/pdf": ".pdf"}


class AttachmentKind(models.TextChoices):
    PAPER = "paper", "申请材料"
    VISIT = "visit", "入户核实照片"
    MEETING = "meeting", "评议会议记录"
    DISPLAY = "display", "公示照片"
    OBJECTION = "objection", "异议材料"


def storage_name(attachment: "Attachment", filename: str) -> str:
    """A random name outside the web root; the name the file came with is only data."""
    return f"attachments/{uuid4().hex}"


class Attachment(models.Model):
    """One uploaded file. Its type was read from its content, its SHA-256 shows a photo used twice.

    `sha256` is of the file as it came, `kept_sha256` of what lies on the disk (a photo is drawn anew; empty where
    the file was kept as it came).
    """

    Kind = AttachmentKind

    uid = models.UUIDField("标识", default=uuid4, unique=True, editable=False)
    kind = models.CharField("种类", max_length=10, choices=AttachmentKind.choices)
    application = models.ForeignKey(
        Application, models.PROTECT, null=True, blank=True, related_name="attachments", verbose_name="申请"
    )
    visit = models.ForeignKey(
        VerificationVisit,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="photos",
        verbose_name="入户核实",
    )
    meeting = models.ForeignKey(
        AppraisalMeeting, models.PROTECT, null=True, blank=True, related_name="papers", verbose_name="评议会"
    )
    paper = models.ForeignKey(
        RequiredPaper, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="所需材料"
    )
    file = models.FileField("文件", upload_to=storage_name, max_length=200)
    original_name = models.CharField("原文件名", max_length=200)
    content_type = models.CharField("类型", max_length=60)
    size = models.PositiveIntegerField("大小（字节）")
    sha256 = models.CharField("SHA-256", max_length=64, db_index=True)
    kept_sha256 = models.CharField("存放内容的SHA-256", max_length=64, blank=True, db_index=True)
    taken_at = SensitiveField("拍摄时间")
    taken_place = SensitiveField("拍摄地点")
    removal = models.ForeignKey(
        Removal,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="files",
        verbose_name="随个人信息删除",
    )
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="上传人",
    )
    uploaded_at = models.DateTimeField("上传时间")

    class Meta:
        verbose_name = "附件"
        verbose_name_plural = "附件"
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.original_name

    @property
    def is_image(self) -> bool:
        return self.content_type.startswith("image/")

    @property
    def content_sha256(self) -> str:
        """The digest that the content on the disk must have."""
        return self.kept_sha256 or self.sha256

    @property
    def download_name(self) -> str:
        """The name a browser saves it under: its own, with the ending of what it really is."""
        name, suffix = PurePath(self.original_name), SUFFIX.get(self.content_type, "")
        same = {name.suffix.lower(), suffix} <= {".jpg", ".jpeg"} or name.suffix.lower() == suffix
        return name.name if same else f"{name.stem or '附件'}{suffix}"
