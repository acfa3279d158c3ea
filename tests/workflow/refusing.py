"""What every refusal must be: a Chinese sentence, and not one row written."""

import re
from collections.abc import Callable, Sequence

import pytest

from registry.refusal import Refused
from tests.workflow import written
from workflow.results import Result


def sentence_of(act: Callable[[], object]) -> str:
    """The sentence an act is refused with, whether it raises it or answers with it."""
    try:
        answer = act()
    except Refused as refused:
        return refused.sentence
    if isinstance(answer, Sequence) and answer and all(isinstance(one, Result) for one in answer):
        assert not any(one.done for one in answer), "the act was not refused"
        return str(answer[0].sentence)
    pytest.fail(f"the act was not refused, it answered {answer!r}")


def refused(act: Callable[[], object], words: str) -> None:
    """The act is refused with a full Chinese sentence that says these words, and no row has changed."""
    before = written.everything()
    sentence = sentence_of(act)
    assert words in sentence, sentence
    assert re.fullmatch(r".*[\u4e00-\u9fff].*。", sentence), sentence
    assert written.everything() == before
