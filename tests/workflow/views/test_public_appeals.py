"""An appeal by the receipt code, without login; and the photos an objector sends."""

from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from applications.models import Attachment
from tests import stages
from tests.workflow.views.pages import as_, clock_at, url
from tests.workflow.views.sheets import all_rows, on_display
from tests.world import World, photo
from workflow import intake, objections
from workflow.forms.public import FORGED, issue
from workflow.models import Channel, Objection, PostingEntry
from workflow.objections import Complaint
from workflow.results import Ref
from workflow.views.public_objections import ROW_GONE

NAME, FACTS, WHY = "赵举报〔示例〕", "该户实际种植面积只有一亩。", "没有到地里量过，请再量一次。"


@pytest.fixture(autouse=True)
def counted_from_nothing() -> None:
    cache.clear()


def answered(world: World, *, concerns_cadre: bool = False) -> Objection:
    """A named objection that was not upheld, two days after it came."""
    entry = on_display(world, 1).entries.get()
    complaint = Complaint(Channel.WEB, FACTS, name=NAME, concerns_cadre=concerns_cadre)
    made = objections.lodge(entry, complaint=complaint, now=world.later(1))
    by = world.reviewer if concerns_cadre else world.clerk
    stages.decided(made, "not_upheld", by=by, now=world.later(2))
    return Objection.objects.get(pk=made.pk)


def asked(objection: Objection, moment: datetime) -> Any:
    with clock_at(moment):
        return Client().post(url("public-receipt"), {"receipt": objection.receipt})


def test_an_appeal_is_offered_with_its_last_day_and_taken_in_for_the_level_above(world: World) -> None:
    objection = answered(world)
    page = asked(objection, world.later(3))
    assert "可以在2021年3月17日以前向上一级申请一次复核" in page.content.decode()
    token = page.context["appeal_form"]["token"].value()
    sent = {"receipt": objection.receipt, "facts": WHY, "token": token}
    with clock_at(world.later(3) + timedelta(minutes=1)):
        client = Client()
        done = client.post(url("public-appeal"), sent, follow=True)
        client.post(url("public-appeal"), sent)
    made = Objection.objects.get(appeal_of=objection)
    assert made.receipt in done.content.decode()
    assert (made.facts, made.objector_name, made.handling_level, made.received_by) == (
        WHY,
        NAME,
        "township",
        None,
    )
    progress = asked(objection, world.later(4)).content.decode()
    assert "<dt>复核</dt><dd>已收到" in progress
    assert "申请一次复核" not in progress
    assert "（复核）" in asked(made, world.later(4)).content.decode()
    for hidden in (NAME, FACTS, WHY):
        assert hidden not in progress


@pytest.mark.parametrize("days", [3, 30])
def test_nothing_is_offered_while_it_is_open_or_too_late(world: World, days: int) -> None:
    objection = answered(world)
    if days == 3:
        entry = on_display(world, 1).entries.get()
        objection = objections.lodge(
            entry, complaint=Complaint(Channel.WEB, FACTS, anonymous=True), now=world.later(1)
        )
    assert asked(objection, world.later(days)).context.get("appeal_form") is None


@pytest.mark.parametrize(
    ("facts", "token", "words"),
    [
        ("", "good", "请写明对处理结果哪一点不服"),
        ("字" * 5001, "good", "控制在5000字以内"),
        (WHY, "", FORGED.replace("提交异议", "申请复核")),
        (WHY, "of another", FORGED.replace("提交异议", "申请复核")),
    ],
)
def test_a_bad_appeal_gets_a_sentence_and_keeps_what_was_typed(
    world: World, facts: str, token: str, words: str
) -> None:
    objection = answered(world)
    now = world.later(3)
    tokens = {"good": issue(objection.pk, now=now), "of another": issue(objection.pk + 1, now=now)}
    before = all_rows()
    with clock_at(now + timedelta(minutes=1)):
        sent = {"receipt": objection.receipt, "facts": facts, "token": tokens.get(token, token)}
        page = Client().post(url("public-appeal"), sent)
    assert page.status_code == 422
    assert words in page.content.decode()
    assert page.context["appeal_form"]["facts"].value() == facts
    assert all_rows() == before


def test_an_appeal_that_comes_too_late_gets_the_sentence_and_keeps_the_words(world: World) -> None:
    objection = answered(world)
    token = issue(objection.pk, now=world.later(30))
    with clock_at(world.later(30) + timedelta(minutes=1)):
        sent = {"receipt": objection.receipt, "facts": WHY, "token": token}
        page = Client().post(url("public-appeal"), sent)
    assert page.status_code == 422
    assert "申请复核的期限是2021-03-17，已经超过。" in page.content.decode()
    assert page.context["appeal_form"]["facts"].value() == WHY
    assert not Objection.objects.filter(appeal_of=objection).exists()


def test_somebody_else_s_receipt_shows_no_content_and_an_appeal_needs_that_form_s_own_token(
    world: World,
) -> None:
    mine, other = answered(world), answered(world)
    before = all_rows()
    page = asked(other, world.later(3)).content.decode()
    assert not [hidden for hidden in (NAME, FACTS, "现场丈量", "事实清楚") if hidden in page]
    now = world.later(3)
    with clock_at(now + timedelta(minutes=1)):
        sent = {"receipt": other.receipt, "facts": WHY, "token": issue(mine.pk, now=now)}
        assert Client().post(url("public-appeal"), sent).status_code == 422
    assert all_rows() == before


def test_an_unknown_code_gets_the_answer_of_every_unknown_code(world: World) -> None:
    answered(world)
    before = all_rows()
    answers = set()
    for name in ("public-receipt", "public-appeal"):
        for code in ("AAAA-BBBB-CCCC", "", "x" * 500, "〇", "1' OR '1'='1"):
            page = Client().post(url(name), {"receipt": code or "0", "facts": WHY})
            text = page.content.decode()
            shown = text[text.index('<main id="main"') : text.index('<form method="post"')]
            if page.status_code == 422:  # longer than the field: the same whoever's it were
                assert len(code) > 40
                continue
            answers.add((page.status_code, shown))
    assert all_rows() == before
    assert len(answers) == 1
    assert "没有查到这个回执编号，请核对后再查。" in answers.pop()[1]


def objecting(world: World, entry: PostingEntry, **sent: Any) -> Any:
    token = issue(entry.pk, now=world.later(1))
    typed = {"anonymous": "0", "name": NAME, "facts": FACTS, "token": token, **sent}
    with clock_at(world.later(1) + timedelta(minutes=1)):
        return Client().post(url("public-objection", entry.pk), typed)


def with_a_place() -> SimpleUploadedFile:
    """A telephone's photo: turned, with the place and the maker in its margin."""
    image = Image.new("RGB", (60, 40), (200, 10, 10))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "示例手机〔示例〕"
    exif.get_ifd(0x8825)[1] = "N"
    content = BytesIO()
    image.save(content, "JPEG", exif=exif, comment=b"canary-comment")
    return SimpleUploadedFile(
        "赵举报的照片.jpg", content.getvalue() + b"canary-tail", content_type="image/jpeg"
    )


def test_photos_are_drawn_anew_and_seen_by_the_handling_level_only(world: World) -> None:
    entry = on_display(world, 1).entries.get()
    answer = objecting(world, entry, photos=[with_a_place(), photo()], concerns_cadre="on")
    assert answer.status_code == 302
    made = Objection.objects.get()
    kept = list(Attachment.objects.filter(evidence_of__objection=made).order_by("pk"))
    assert [(one.original_name, one.content_type) for one in kept] == [
        ("异议照片1.jpg", "image/jpeg"),
        ("异议照片2.jpg", "image/jpeg"),
    ]
    content = kept[0].file.read()
    for hidden in (b"canary", "示例手机".encode(), b"Exif"):
        assert hidden not in content
    with Image.open(BytesIO(content)) as image:
        assert image.size == (40, 60)
        assert not dict(image.getexif())
    with clock_at(world.later(2)):
        for who, status in (("reviewer", 200), ("clerk", 404), ("supervisor", 404), ("stranger", 404)):
            assert as_(getattr(world, who)).get(url("attachment", kept[0].uid)).status_code == status


BAD_PHOTOS: dict[str, tuple[list[Any], str]] = {
    "a page that says it is a photo": (
        [SimpleUploadedFile("a.jpg", b"<html><script>alert(1)</script>", content_type="image/jpeg")],
        "不是JPG或PNG照片",
    ),
    "a broken one": ([SimpleUploadedFile("b.jpg", b"\xff\xd8\xff\xe0" + b"0" * 90)], "打不开"),
    "a paper": ([SimpleUploadedFile("c.pdf", b"%PDF-1.4\n%%EOF")], "不是JPG或PNG照片"),
    "nothing in it": ([SimpleUploadedFile("d.jpg", b"")], "空"),
    "too many": ([photo() for _ in range(4)], "照片最多3张"),
}


@pytest.mark.parametrize("name", BAD_PHOTOS)
def test_a_photo_that_cannot_be_taken_costs_no_word_of_the_objection(world: World, name: str) -> None:
    photos, words = BAD_PHOTOS[name]
    entry = on_display(world, 1).entries.get()
    before = all_rows()
    for one in photos:
        one.seek(0)
    page = objecting(world, entry, photos=photos)
    assert page.status_code == 422
    assert words in page.content.decode()
    assert "照片需要重新选一次，其他内容都还在。" in page.content.decode()
    assert (page.context["form"]["facts"].value(), page.context["form"]["name"].value()) == (FACTS, NAME)
    assert all_rows() == before
    assert not Attachment.objects.filter(kind="objection").exists()


def test_ten_megabytes_get_a_sentence_and_are_given_back(world: World) -> None:
    entry = on_display(world, 1).entries.get()
    before = all_rows()
    text = "多" * (10 * 1024 * 1024 // 3)
    page = objecting(world, entry, facts=text)
    assert page.status_code == 422
    assert "异议内容请控制在5000字以内。" in page.content.decode()
    assert page.context["form"]["facts"].value() == text
    assert all_rows() == before


def test_a_row_taken_out_while_somebody_typed_gets_a_sentence_and_keeps_the_words(world: World) -> None:
    entry = on_display(world, 2, names=["赵示例", "钱示例"]).entries.get(position=1)
    case = stages.again(entry.application)
    stages.do(intake.withdraw([Ref.of(case)], by=world.clerk, now=world.later(1), opinion="不再申请。"))
    before = all_rows()
    page = objecting(world, entry)
    assert page.status_code == 422
    assert ROW_GONE in page.content.decode()
    assert "赵示例" not in page.content.decode()
    assert page.context["form"]["facts"].value() == FACTS
    assert all_rows() == before
    with clock_at(world.later(1)):
        assert Client().get(url("public-objection", entry.pk)).status_code == 410


def test_script_in_every_field_is_only_text(world: World) -> None:
    entry = on_display(world, 1).entries.get()
    bad = "</textarea><script>alert(1)</script>"
    before = all_rows()
    page = objecting(world, entry, facts=bad, name=bad[:50], phone=bad[:40], website=bad, anonymous=bad)
    assert page.status_code == 422
    assert all_rows() == before
    assert "<script>alert(1)" not in page.content.decode()
    assert objecting(world, entry, facts=bad, name=bad[:50], phone=bad[:40]).status_code == 302
    with clock_at(world.later(2)):
        detail = as_(world.clerk).get(Objection.objects.get().get_absolute_url()).content.decode()
    assert "<script>alert(1)" not in detail
    assert "&lt;script&gt;alert(1)" in detail
