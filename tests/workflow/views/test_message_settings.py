"""A person's own message settings: letters by event, a colleague as substitute, clear sentences for bad days."""

import pytest

from notifications import preferences
from notifications.models import Substitute
from tests.workflow.views.pages import as_, clock_at
from tests.world import World

PAGE = "/messages/settings/"


def test_letters_are_chosen_by_event(world: World) -> None:
    client = as_(world.clerk)
    page = client.get(PAGE).content.decode()
    assert "退回补正" in page
    assert "{number}" not in page
    client.post(PAGE, {"letters": "1", "events": ["sent_back"]})
    assert preferences.letters_of(world.clerk.pk) == ["sent_back"]
    assert preferences.letters_of(world.second_clerk.pk) != ["sent_back"]
    assert client.post(PAGE, {"letters": "1", "events": ["nonsense"]}).status_code == 422
    assert preferences.letters_of(world.clerk.pk) == ["sent_back"]


def test_a_colleague_of_the_same_office_stands_in_and_the_page_says_so(world: World) -> None:
    client = as_(world.clerk)
    with clock_at(world.now):
        given = {
            "away": "1",
            "substitute": world.second_clerk.pk,
            "starts_on": "2021-03-01",
            "ends_on": "2021-03-09",
        }
        answer = client.post(PAGE, given, follow=True).content.decode()
        assert "2021-03-01至2021-03-09由赵村员替班" in answer
        client.post(PAGE, {"end": "1"})
        assert not Substitute.objects.exists()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"starts_on": "2021-03-09", "ends_on": "2021-03-01"}, "结束日期不能早于开始日期。"),
        ({"starts_on": "2021-02-01", "ends_on": "2021-02-09"}, "这段日期已经过去。"),
        ({"substitute": "stranger"}, "选择一个有效的选项"),
        ({"substitute": "clerk"}, "选择一个有效的选项"),
        ({"starts_on": "昨天"}, "输入一个有效的日期"),
    ],
)
def test_bad_days_and_people_are_refused_and_nothing_changes(
    world: World, given: dict[str, str], sentence: str
) -> None:
    typed = {
        "away": "1",
        "substitute": "second_clerk",
        "starts_on": "2021-03-01",
        "ends_on": "2021-03-09",
        **given,
    }
    typed["substitute"] = getattr(world, typed["substitute"]).pk
    with clock_at(world.now):
        answer = as_(world.clerk).post(PAGE, typed)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Substitute.objects.exists()


def test_whoever_has_no_colleague_is_told_so(world: World) -> None:
    assert "不能设置替班" in as_(world.clerks[1]).get(PAGE).content.decode()
