"""The same photo used twice is said where the reviewer looks; one act of display over several sheets is not that."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from applications.models import Application, Attachment
from applications.states import State
from registry import appointments
from tests import stages
from tests.workflow.views.pages import as_, clock_at, url
from tests.world import World, photo
from workflow import fieldwork, intake, postings, reuse
from workflow.fieldwork import VerifierName
from workflow.models import PostingKind
from workflow.postings import Display
from workflow.results import Ref


@pytest.fixture
def picture() -> bytes:
    return photo().read()


def sent(content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("现场.jpg", content, content_type="image/jpeg")


def visit(world: World, case: Application, content: bytes, *, village: int = 0) -> None:
    fieldwork.record_visit(
        Ref(case.pk),
        by=world.clerks[village],
        now=world.now,
        visited_on=timezone.localdate(world.now),
        verifiers=[VerifierName("钱核实"), VerifierName("孙核实")],
        findings="情况属实。",
        confirmed=True,
        photos=[sent(content)],
    )


def said(world: World, case: Application, tab: str, *, village: int = 0) -> str:
    with clock_at(world.now):
        answer = as_(world.reviewer).get(url("application-detail", case.pk) + f"?tab={tab}")
    return str(answer.content.decode())


def test_photo_of_two_visits_is_flagged_on_both_cases(world: World, picture: bytes) -> None:
    one, two, three = (stages.submitted(world) for _ in range(3))
    visit(world, one, picture)
    visit(world, two, picture)
    visit(world, three, photo().read())
    for case, other in ((one, two), (two, one)):
        for tab in ("field", "papers"):
            text = said(world, case, tab)
            assert f"同一张照片也用在：申请{other.number}的入户核实照片。请核对。" in text
            assert "重复使用" in text
    assert "重复使用" not in said(world, three, "papers")


def test_photo_saved_from_our_page_and_sent_again_is_flagged(world: World, picture: bytes) -> None:
    one, two = stages.submitted(world), stages.submitted(world)
    visit(world, one, picture)
    kept = Attachment.objects.get(application=one).file.read()
    assert kept != picture
    visit(world, two, kept)
    assert f"申请{one.number}的入户核实照片" in said(world, two, "papers")


def test_paper_sent_twice_to_one_case_is_flagged(world: World, picture: bytes) -> None:
    case = stages.draft(world)
    for _ in range(2):
        intake.attach(Ref(case.pk), paper=None, upload=sent(picture), by=world.clerk, now=world.now)
    assert "本件申请的另一张申请材料" in said(world, case, "papers")


def test_where_a_stranger_used_it_is_not_told(world: World, picture: bytes) -> None:
    one, two = stages.submitted(world), stages.submitted(world, village=1)
    visit(world, one, picture)
    visit(world, two, picture, village=1)
    actor = appointments.actor(world.clerk, on=world.now.date())
    (sentence,) = reuse.sentences(list(Attachment.objects.filter(application=one)), actor).values()
    assert sentence == "同一张照片也用在：管辖范围以外的一件事项。请核对。"
    assert two.number not in sentence


def test_one_act_of_display_over_two_sheets_is_not_flagged(world: World, picture: bytes) -> None:
    cases = [stages.reach(world, State.VILLAGE_POSTING)[0] for _ in range(2)]
    sheets = [stages.sheet(world, [case], kind=PostingKind.VILLAGE, now=world.now) for case in cases]
    act = Display("村务公开栏", world.now, "周监督", sent(picture))
    postings.display([one.pk for one in sheets], act=act, by=world.clerk, now=world.now)
    for one in sheets:
        with clock_at(world.now):
            text = as_(world.reviewer).get(url("posting-detail", one.pk)).content.decode()
        assert "张贴时" in text
        assert "重复使用" not in text


def test_photo_of_the_start_is_none_of_the_end(world: World, picture: bytes) -> None:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    posting = stages.sheet(world, [case], kind=PostingKind.VILLAGE, now=moment)
    act = Display("村务公开栏", moment, "周监督", sent(picture))
    postings.display([posting.pk], act=act, by=world.clerk, now=moment)
    posting.refresh_from_db()
    later = stages.after(posting) + timedelta(hours=1)
    postings.add_end_photo(posting, photo=sent(picture), by=world.clerk, now=later)
    with clock_at(later):
        text = as_(world.reviewer).get(url("posting-detail", posting.pk)).content.decode()
    assert f"同一张照片也用在：{posting}张贴时的照片。请核对。" in text
    assert f"同一张照片也用在：{posting}期满时的照片。请核对。" in text


def test_what_an_objector_sent_is_left_out(world: World, picture: bytes) -> None:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    posting = stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=moment)
    assert posting.display is not None
    shown = posting.display.photos.get().attachment
    stages.lodged(world, case, posting, now=moment, photos=(sent(shown.file.read()),))
    actor = appointments.actor(world.reviewer, on=moment.date())
    assert reuse.sentences([shown], actor) == {}
    assert reuse.sentences(list(Attachment.objects.filter(kind="objection")), actor) == {}
