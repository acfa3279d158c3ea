"""`verify_history`: clean data passes; whatever was changed, removed, reordered or put in is named."""

from datetime import UTC, date, datetime, timedelta, timezone
from io import StringIO
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from applications import digests, guards, history, plain, verification
from applications.models import Application, Attachment, HistoryEntry
from applications.states import State
from tests import kept, stages
from tests.applications.file_forgeries import FILE_FORGERIES
from tests.applications.forgeries import FORGERIES, Forgery
from tests.tampering import rewrite, unguarded
from tests.world import World, photo
from workflow import intake
from workflow.results import Ref

SEED = 20211231
TAMPERINGS = 200


class Undo(Exception):
    """Ends a savepoint so that the next forgery finds clean data."""


@pytest.fixture
def printed(world: World) -> dict[date, str]:
    return three_sealed_days(world)


@kept.stage
def three_sealed_days(world: World) -> dict[date, str]:
    """Six cases, one with papers, whose steps lie on three sealed days, and the three digests as they were printed."""
    prints: dict[date, str] = {}
    moment = world.now
    cases = [stages.draft(world) for _ in range(2)]
    for _ in range(3):
        intake.attach(Ref(cases[0].pk), paper=None, upload=photo(), by=world.clerk, now=moment)
    for state in (State.VILLAGE_REVIEW, State.VILLAGE_POSTING, State.TOWNSHIP_REVIEW, State.TOWNSHIP_POSTING):
        moment = stages.forward(world, cases[0], state, moment)
    prints.update(sealed(moment))
    more, moment = stages.reach(world, State.VILLAGE_POSTING, now=moment, village=1)
    other, moment = stages.reach(world, State.TOWNSHIP_REVIEW, now=moment)
    stages.returned(world, other, by=world.reviewer, now=moment)
    prints.update(sealed(moment))
    moment = stages.ran(world, [more], kind=stages.PostingKind.VILLAGE, now=moment, village=1)
    stages.reach(world, State.TOWNSHIP_POSTING, now=moment)
    moment = stages.after(stages.displayed(world, [cases[0]], kind=stages.PostingKind.TOWNSHIP, now=moment))
    prints.update(sealed(moment))
    assert len(prints) == 3
    return prints


def sealed(moment: datetime) -> dict[date, str]:
    made = digests.seal(now=moment)
    assert made is not None
    return {made.day: made.digest}


def found(anchors: dict[date, str] | None = None) -> list[verification.Fault]:
    return list(verification.faults(anchors=anchors or {}))


def test_clean_data_passes_with_and_without_the_printed_digests(printed: dict[date, str]) -> None:
    assert found() == found(printed) == []


def folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "attachments"


def attempt(forgery: Forgery, rng: Random, printed: dict[date, str]) -> str | None:
    """Carry out one forgery, check, undo it, on the disk too; what was not named, if anything."""
    missed = None
    disk = {path: path.read_bytes() for path in folder().glob("*")}
    try:
        with transaction.atomic():
            with unguarded():
                where, seq = forgery.act(rng)
            faults = found(printed if forgery.outside else None)
            if (where, seq) not in [(fault.where, fault.seq) for fault in faults]:
                missed = f"{forgery.name}: {where} {seq} not among {[(str(f), f.seq) for f in faults]}"
            if forgery.outside and found():
                missed = f"{forgery.name}: found without the printed digest: {found()}"
            raise Undo
    except Undo:
        for path, content in disk.items():
            if not path.exists() or path.read_bytes() != content:
                path.write_bytes(content)
        return missed


def test_two_hundred_tamperings_are_all_found_and_named(printed: dict[date, str]) -> None:
    rng = Random(SEED)
    ways = [*FORGERIES, *FILE_FORGERIES]
    turns = [ways[turn % len(ways)] for turn in range(TAMPERINGS)]
    missed = [said for forgery in turns if (said := attempt(forgery, rng, printed)) is not None]
    assert missed == []
    assert found(printed) == []


def test_only_the_first_fault_of_a_case_is_told(printed: dict[date, str]) -> None:
    case = Application.objects.order_by("pk")[0]
    rewrite("UPDATE applications_historyentry SET text = '改过' WHERE application_id = %s", case.pk)
    assert [(fault.where, fault.seq) for fault in found()] == [(case.number, 1)]


def test_guard_that_is_off_is_named(printed: dict[date, str]) -> None:
    with unguarded():
        assert [fault.where for fault in found()] == [f"数据表 {table}" for table in guards.tables()]
    assert found() == []


def test_cases_are_read_in_pieces(printed: dict[date, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The statements grow with the pieces, and what is found does not depend on their size."""
    rewrite("UPDATE applications_historyentry SET text = '改过' WHERE seq = 2")
    whole = found()
    assert len(whole) > 2
    with CaptureQueriesContext(
        connection,
    ) as one:
        found()
    monkeypatch.setattr(verification, "CASES", 2)
    pieces: list[int] = []
    with CaptureQueriesContext(connection) as many:
        assert list(verification.faults(anchors={}, progress=pieces.append)) == whole
    assert sum(pieces) == Application.objects.count()
    assert max(pieces) == 2
    assert len(many) > len(one)


def told(*arguments: str) -> tuple[str, str, int]:
    """What the command says, on both streams, and its exit code."""
    out, err = StringIO(), StringIO()
    try:
        call_command("verify_history", *arguments, stdout=out, stderr=err)
    except CommandError as refusal:
        return out.getvalue(), f"{err.getvalue()}{refusal}", refusal.returncode
    return out.getvalue(), err.getvalue(), 0


@pytest.fixture
def anchors(printed: dict[date, str], tmp_path: Path) -> Path:
    path = tmp_path / "anchors.txt"
    path.write_text("\n".join(f"{day} {digest}" for day, digest in printed.items()))
    return path


def test_command_passes_clean_data_and_names_the_last_digest(printed: dict[date, str], anchors: Path) -> None:
    out, err, code = told("--anchors", str(anchors))
    assert (err, code) == ("", 0)
    assert f"封存到{max(printed)}，日摘要{printed[max(printed)]}，其后" in out


def test_command_ends_with_one_and_the_sentence(printed: dict[date, str]) -> None:
    case = Application.objects.order_by("pk")[1]
    rewrite("UPDATE applications_historyentry SET by_id = NULL WHERE application_id = %s", case.pk)
    assert told() == ("", f"{case.number}：第1条与摘要不符。\n发现1处问题，每件申请只列第一处。", 1)


def test_command_compares_with_a_printed_digest(printed: dict[date, str]) -> None:
    day = max(printed)
    _, err, code = told("--anchor", f"{day}={'0' * 64}")
    assert (err.splitlines()[0], code) == (f"{day}：日摘要与印出的不同，记录被整体重写过。", 1)


@pytest.mark.parametrize("text", ["2021-04-03", "2021-04-03=12", "x=" + "0" * 64, "2021-04-03=" + "g" * 64])
def test_anchor_that_cannot_be_read_is_refused_with_an_example(
    printed: dict[date, str], tmp_path: Path, text: str
) -> None:
    path = tmp_path / "anchors.txt"
    path.write_text(text)
    _, err, code = told("--anchors", str(path))
    assert code == 1
    assert "不是“日期=日摘要”" in err


def test_missing_file_of_anchors_is_refused(printed: dict[date, str], tmp_path: Path) -> None:
    assert "读不到" in told("--anchors", str(tmp_path / "none.txt"))[1]


ODD = {"甲": [1, None, {"z": "\u2028\"'\\", "a": 0.1}], "a": "100%", "files": []}
MOMENTS = [
    datetime(2021, 3, 1, 4, 0, tzinfo=UTC),
    datetime(2021, 12, 31, 23, 59, 59, 1, tzinfo=UTC),
    datetime(2021, 3, 1, 4, 0, 0, 120000, tzinfo=timezone(timedelta(hours=8))),
]


def test_the_database_spells_every_line_as_the_digest_is_taken_over_it(printed: dict[date, str]) -> None:
    case = Application.objects.order_by("pk")[0]
    for moment in MOMENTS:
        case.revision += 1
        line = history.Line(case, "note", case.state, case.state, text="两行\n“话”\t\\", data=ODD)
        history.record([line], by=None, at=moment, batch=uuid4())
    spelt = {line.id: plain.canonical(line) for line in plain.read(HistoryEntry.objects.all())}
    assert spelt == {entry.pk: history.canonical(entry) for entry in HistoryEntry.objects.all()}
    assert len(spelt) > 30


def test_sound_cases_are_read_once(printed: dict[date, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The second look is for what is wrong: one at each case would make a long history take twice as long."""
    looked_at_again: list[int] = []
    again = verification._again

    def counted(key: int) -> object:
        looked_at_again.append(key)
        return again(key)

    monkeypatch.setattr(verification, "_again", counted)
    assert found() == []
    assert looked_at_again == []
    case = Application.objects.order_by("pk")[1]
    rewrite("UPDATE applications_historyentry SET text = '改过' WHERE application_id = %s", case.pk)
    assert [fault.where for fault in found()] == [case.number]
    assert looked_at_again == [case.pk]


def test_a_case_that_is_sound_at_the_second_look_has_its_files_checked(
    printed: dict[date, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain, "sound", lambda *args: False)
    assert found() == []
    paper = Attachment.objects.filter(application__isnull=False).earliest("pk")
    assert paper.application is not None
    rewrite("UPDATE applications_attachment SET kept_sha256 = %s WHERE id = %s", "0" * 64, paper.pk)
    assert (paper.application.number, "第") in [(fault.where, fault.what[0]) for fault in found()]
