"""What is going on with a sheet as a whole, in plain words: one sentence for each way a period can go (公示情况)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from workflow import drafts, sheets
from workflow.models import EntryOutcome, Posting, PostingEntry, PostingKind, PostingState
from workflow.views.sheet import date_moves

ALL_OUT = "名单内已无条目"


@dataclass(frozen=True)
class Said:
    """One sentence with its tone."""

    tone: str
    sentence: str


def of(
    posting: Posting,
    entries: Sequence[PostingEntry],
    objected: Mapping[int, int],
    *,
    intact: bool | None,
    lacks_photo: bool,
    today: date,
) -> list[Said]:
    """The sentences for this sheet; `objected` counts the open objections by case, `intact` asks the seal."""
    said = [Said("bad", _tampered(posting))] if intact is False else []
    state = PostingState(posting.state)
    if state is PostingState.DISPLAYED:
        said += _displayed(posting, entries, objected, today=today)
    elif state is PostingState.CLOSED:
        said += _closed(posting, entries, objected, lacks_photo=lacks_photo)
    elif state is PostingState.TAKEN_DOWN:
        said.append(_taken_down(posting))
    elif state is PostingState.CORRECTED:
        revoked = _count(entries, EntryOutcome.REMOVED)
        said.append(Said("warn", f"公告后有{revoked}件被撤销，公告保留，公开页面上已注明。"))
    return [*said, *_moves(posting), *_late_villages(posting)]


def _count(entries: Sequence[PostingEntry], outcome: EntryOutcome) -> int:
    return sum(entry.outcome == outcome for entry in entries)


def _tampered(posting: Posting) -> str:
    words = f"{sheets.seal_words(posting, intact=False)}：数据库里的内容在封存以后被改动过。请立即核查。"
    if posting.state == PostingState.DISPLAYED:
        words += (
            "查清以前，这张公示期满也不会办结；系统每天检查一次，发现后通知系统管理员。"
            "恢复不了的，可以写明原因提前撤下，期满以后也可以，名单上的申请重新公示满期。"
        )
    return f"{words}其他公示不受影响。"


def _displayed(
    posting: Posting, entries: Sequence[PostingEntry], objected: Mapping[int, int], *, today: date
) -> list[Said]:
    hanging = [entry for entry in entries if entry.outcome == EntryOutcome.ON_DISPLAY]
    held = sum(bool(objected.get(entry.application_id)) for entry in hanging)
    free, removed = len(hanging) - held, _count(entries, EntryOutcome.REMOVED)
    assert posting.closes_on is not None
    last = f"{posting.closes_on:%Y年%m月%d日}"
    if posting.closes_on < today:
        said = [Said("open", f"公示期已于{last}结束，系统在下一次检查时自动办结。")]
    elif held and not free:
        said = [
            Said(
                "warn",
                f"本张公示全部条目暂停：{held}件都有未办结异议。公示期照常计算，到{last}期满办结，"
                "期满时没有条目通过，各件随异议的处理结果办理。",
            )
        ]
    elif held:
        said = [
            Said(
                "warn",
                f"有{held}件存在未办结异议，期满后暂不进入下一步；"
                f"其余{free}件不受影响，{last}结束后自动进入下一步。",
            )
        ]
    else:
        said = [Said("open", f"公示到{last}，当天结束后自动办结，没有未办结异议的条目进入下一步。")]
    if removed:
        said.append(Said("open", f"公示期间撤出{removed}件，其余各件继续公示，公示期不变。"))
    return said


def _closed(
    posting: Posting, entries: Sequence[PostingEntry], objected: Mapping[int, int], *, lacks_photo: bool
) -> list[Said]:
    said = []
    passed, removed = _count(entries, EntryOutcome.PASSED), _count(entries, EntryOutcome.REMOVED)
    held = [entry for entry in entries if entry.outcome == EntryOutcome.NOT_PASSED]
    waiting = sum(bool(objected.get(entry.application_id)) for entry in held)
    if not passed and held:
        said.append(Said("warn", "这次公示期满时没有条目通过，各件随异议的处理结果办理。"))
    elif held:
        said.append(Said("warn", f"{len(held)}件期满时有异议，随异议的处理结果办理；其余{passed}件已通过。"))
    if waiting:
        said.append(
            Said(
                "open", f"其中{waiting}件的异议还没有办结：异议不成立的，公示期照算，马上通过，不用重新公示。"
            )
        )
    if removed:
        said.append(
            Said("open", f"撤出{removed}件。因更正撤出的，更正后补充公示满期；撤回和不予批准的不再公示。")
        )
    if posting.photo_excuse:
        said.append(Said("quiet", f"没有期满照片，原因：{posting.photo_excuse}"))
    elif lacks_photo:
        said.append(
            Said(
                "warn",
                "还没有期满照片。不影响公示期和办结，但发布公告以前要补登记照片，或者写明没有照片的原因。",
            )
        )
    return said


def _taken_down(posting: Posting) -> Said:
    reason = posting.taken_down_reason.rstrip("。")
    rest = (
        "条目已全部撤出，公示随之撤下，公示期不算。因更正撤出的，更正后补充公示满期。"
        if reason == ALL_OUT
        else "公示期作废，退出的申请要重新公示满期。"
    )
    return Said("bad", f"这张公示已撤下，原因：{reason}。{rest}名单和照片永久保留。")


def _moves(posting: Posting) -> list[Said]:
    """How often a holiday notice moved the last day, from which day to which."""
    said = []
    for move in date_moves(posting):
        word = "提前" if move.moved_to < move.moved_from else "顺延"
        said.append(
            Said(
                "warn",
                f"公示截止日由{move.moved_from}{word}到{move.moved_to}，依据：{move.notice.citation}。"
                "请在张贴处注明新的截止日。",
            )
        )
    return said


def _late_villages(posting: Posting) -> list[Said]:
    """A sheet over several villages says who is not on it, as long as it matters."""
    kind = PostingKind(posting.kind)
    over_villages = kind in {PostingKind.TOWNSHIP, PostingKind.DISTRICT}
    if not over_villages or posting.state not in {PostingState.DRAFT, PostingState.DISPLAYED}:
        return []
    late = drafts.late_villages(kind, posting.region, posting.programme)
    if not late:
        return []
    label = posting.batch_label or "这一批"
    return [
        Said(
            "open",
            f"还有村的申请没有全部报到这一步：{'、'.join(late)}。本张只公示{label}已报上来的申请，"
            "其余的报上来以后另行公示一批，各自计算公示期。",
        )
    ]
