"""Records beside the chains are held by the daily digest: one row changed, added or removed is told, and where."""

import hashlib
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from applications import digests, ledgers, verification
from applications.models import Attachment, AttachmentKind, DailyDigest, Disclosure, Purpose, SealedRecord
from registry.append_only import HistoryIsAppendOnly
from registry.models import AccountAct, AccountChange
from tests import stages
from tests.tampering import rewrite
from tests.world import World, photo
from workflow import disclosures
from workflow.disclosures import Need
from workflow.models import DisplayPhoto, Posting, PostingKind

NEED = Need(Purpose.ACCOUNT, "核对开户名与身份证")


@pytest.fixture
def sealed(world: World) -> World:
    """A sheet that has run, an objection with a photo, three looks at full numbers and two account lines, sealed."""
    case = stages.submitted(world)
    stages.passed(world, [case], by=world.clerk, now=world.now)
    sheet = stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=world.now)
    stages.lodged(world, case, sheet, now=world.now, photos=(photo(),))
    for number in range(3):
        disclosures.show(case.household, need=NEED, by=world.clerk, now=world.later(number / 24))
    for act in (AccountAct.CREATE, AccountAct.UNLOCK):
        AccountChange.objects.create(
            user=world.clerk, act=act, at=world.now, by=world.administrator, reason="新任〔示例〕"
        )
    moment = stages.after(sheet)
    stages.photographed(Posting.objects.get(pk=sheet.pk), now=moment)
    assert digests.seal(now=moment + timedelta(days=1)) is not None
    world.now = moment + timedelta(days=1)
    return world


def told(anchors: dict[date, str] | None = None) -> list[str]:
    return [str(fault) for fault in verification.faults(anchors=anchors or {})]


def day() -> date:
    return DailyDigest.objects.get().day


def test_what_was_written_is_what_was_sealed(sealed: World) -> None:
    rows = dict(SealedRecord.objects.values_list("record", "rows"))
    assert rows == {"disclosure": 3, "account_change": 2, "photo": 3}
    assert told() == []


def test_a_day_on_which_nothing_grew_holds_no_record_and_the_next_goes_on_behind_the_last(
    sealed: World,
) -> None:
    digests.seal(now=sealed.now + timedelta(days=1))
    assert SealedRecord.objects.count() == 3
    case = stages.draft(sealed)
    disclosures.show(case.household, need=NEED, by=sealed.clerk, now=sealed.now)
    digests.seal(now=sealed.now + timedelta(days=2))
    last = SealedRecord.objects.filter(record="disclosure").latest("day")
    assert (last.rows, last.upto) == (1, Disclosure.objects.latest("pk").pk)
    assert told() == []


def test_a_row_younger_than_a_transaction_may_last_waits_for_the_next_day(sealed: World) -> None:
    case = stages.draft(sealed)
    disclosures.show(case.household, need=NEED, by=sealed.clerk, now=sealed.now + timedelta(days=1))
    digests.seal(now=sealed.now + timedelta(days=1) + ledgers.SETTLED)
    assert SealedRecord.objects.filter(record="disclosure").count() == 1
    digests.seal(now=sealed.now + timedelta(days=2))
    assert SealedRecord.objects.filter(record="disclosure").count() == 2


FORGED: dict[str, tuple[str, str]] = {
    "the reason of a look": (
        "UPDATE applications_disclosure SET reason = '改过'",
        "完整信息查看记录：{day}的日摘要所记的3条里有被改过的。",
    ),
    "whose look it was": (
        "UPDATE applications_disclosure SET by_id = by_id + 1 WHERE id = (SELECT min(id) FROM applications_disclosure)",
        "完整信息查看记录：{day}的日摘要所记的3条里有被改过的。",
    ),
    "a look removed": (
        "DELETE FROM applications_disclosure WHERE id = (SELECT min(id) FROM applications_disclosure)",
        "完整信息查看记录：{day}的日摘要记有3条，现在是2条，有增删。",
    ),
    "the last look removed": (
        "DELETE FROM applications_disclosure WHERE id = (SELECT max(id) FROM applications_disclosure)",
        "完整信息查看记录：{day}的日摘要记有3条，现在是2条，有增删。",
    ),
    "an account line exchanged": (
        "UPDATE registry_accountchange SET act = 'create'",
        "账号记录：{day}的日摘要所记的2条里有被改过的。",
    ),
    "the digest of a record": (
        "UPDATE applications_sealedrecord SET digest = repeat_of WHERE record = 'photo'",
        "{day}：日摘要与所记的各链末端不符。",
    ),
    "a record removed": (
        "DELETE FROM applications_sealedrecord WHERE record = 'disclosure'",
        "{day}：日摘要与所记的各链末端不符。",
    ),
}


@pytest.mark.parametrize("what", FORGED)
def test_a_record_tampered_with_is_named(sealed: World, what: str) -> None:
    statement, sentence = FORGED[what]
    assert rewrite(statement.replace("repeat_of", f"'{'0' * 64}'")) > 0
    assert sentence.format(day=day()) in told()


def exchange(file: Attachment) -> None:
    """Another file, with the digest of its row made to fit."""
    path = Path(file.file.path)
    path.write_bytes(photo().read())
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert rewrite("UPDATE applications_attachment SET kept_sha256 = %s WHERE id = %s", digest, file.pk) == 1


def end_photo() -> Attachment:
    return DisplayPhoto.objects.get(moment=DisplayPhoto.Moment.END).attachment


def evidence() -> Attachment:
    return Attachment.objects.get(kind=AttachmentKind.OBJECTION)


@pytest.mark.parametrize("which", [end_photo, evidence])
def test_an_exchanged_photo_is_found_by_the_digest_of_its_day(
    sealed: World, which: Callable[[], Attachment]
) -> None:
    exchange(which())
    assert f"公示照片和异议照片：{day()}的日摘要所记的3条里有被改过的。" in told()


def test_exchanged_evidence_is_found_by_the_line_of_its_case_before_any_sealing(world: World) -> None:
    case = stages.submitted(world)
    stages.passed(world, [case], by=world.clerk, now=world.now)
    sheet = stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=world.now)
    stages.lodged(world, case, sheet, now=world.now, photos=(photo(), photo()))
    line = case.history.get(act="objection_received")
    files = Attachment.objects.filter(kind=AttachmentKind.OBJECTION).order_by("pk")
    assert line.data["files"] == [file.kept_sha256 for file in files]
    assert told() == []
    exchange(files[1])
    assert told() == [f"{case.number}：第{line.seq}条所记的附件不在了，或者它的SHA-256被改过。"]


def test_all_rewritten_with_the_program_itself_is_found_by_the_printed_digest(sealed: World) -> None:
    printed = {day(): DailyDigest.objects.get().digest}
    assert told(printed) == []
    rewrite("DELETE FROM applications_disclosure WHERE id = (SELECT max(id) FROM applications_disclosure)")
    rewrite("DELETE FROM applications_sealedrecord")
    rewrite("DELETE FROM applications_sealedhead")
    rewrite("DELETE FROM applications_dailydigest")
    digests.seal(now=sealed.now)
    assert told() == []
    assert told(printed) == [f"{day()}：日摘要与印出的不同，记录被整体重写过。"]


def test_a_sealed_record_is_only_added(sealed: World) -> None:
    kept = SealedRecord.objects.all()
    with pytest.raises(HistoryIsAppendOnly):
        kept.update(rows=0)
    with pytest.raises(HistoryIsAppendOnly):
        kept.delete()
    with pytest.raises(HistoryIsAppendOnly):
        SealedRecord.objects.filter(record="photo").get().save()
    assert sorted(SealedRecord.objects.values_list("rows", flat=True)) == [2, 3, 3]
