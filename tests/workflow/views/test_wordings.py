"""The pages of the templates: who may open them, the preview keeps nothing, saving words the next draft."""

import pytest

from notifications.models import MessageWording
from tests.workflow.views.pages import as_, clock_at, url
from tests.workflow.views.sheets import heading
from tests.world import World
from workflow.models import SheetWording


@pytest.mark.parametrize(
    ("who", "status"),
    [("administrator", 200), ("approver", 403), ("reviewer", 403), ("clerk", 403), ("supervisor", 403)],
)
def test_only_the_administrator_opens_the_templates(world: World, who: str, status: int) -> None:
    client = as_(getattr(world, who))
    with clock_at(world.now):
        for address in (url("wording-list"), url("wording-change", "village")):
            assert client.get(address).status_code == status
        if status == 403:
            sent = {"title": "甲", "text": "乙", "version": 0, "key": "k"}
            assert client.post(url("wording-change", "village"), sent).status_code == 403
            assert "公示模板</a>" not in client.get(url("posting-list")).content.decode()
    assert not SheetWording.objects.exists()


def test_a_kind_that_is_none_finds_nothing(world: World) -> None:
    with clock_at(world.now):
        assert as_(world.administrator).get(url("wording-change", "moon")).status_code == 404


def test_a_preview_shows_sample_values_and_keeps_nothing(world: World) -> None:
    client, address = as_(world.administrator), url("wording-change", "village")
    with clock_at(world.now):
        sent = heading(client.get(address), title="{单位}改过的标题", preview="1")
        page = client.post(address, sent)
    assert page.status_code == 200
    assert page.context["shown"].title == "示例村〔示例〕改过的标题"
    assert not SheetWording.objects.exists()


@pytest.mark.parametrize("preview", [{}, {"preview": "1"}])
def test_an_unknown_variable_is_named_and_what_was_typed_stays(world: World, preview: dict[str, str]) -> None:
    client, address = as_(world.administrator), url("wording-change", "village")
    with clock_at(world.now):
        page = client.post(address, heading(client.get(address), text="{县长}同意。", **preview))
    assert page.status_code == 422
    assert "不认识的变量{县长}" in page.content.decode()
    assert page.context["form"]["text"].value() == "{县长}同意。"
    assert not SheetWording.objects.exists()


def test_a_saved_template_is_listed_with_who_changed_it(world: World) -> None:
    client, address = as_(world.administrator), url("wording-change", "announcement")
    with clock_at(world.now):
        answer = client.post(address, heading(client.get(address), title="{单位}结果公告"))
        assert answer.url == url("wording-list")
        assert "{单位}结果公告" in client.get(answer.url).content.decode()
        page = client.get(address).content.decode()
    assert world.administrator.name in page
    assert "第1版" in page


def test_a_message_template_is_previewed_as_a_household_reads_it_and_kept(world: World) -> None:
    client, address = as_(world.administrator), url("message-wording-change", "home_rejected")
    text = "“{项目}”没有批准：{原因}。可向{上一级}申请复核。"
    with clock_at(world.now):
        page = client.post(address, heading(client.get(address), text=text, preview="1"))
        assert page.context["shown"].text.startswith("“示例补助〔示例〕”没有批准：")
        assert "短信按1条计费" in page.content.decode()
        assert not MessageWording.objects.exists()
        client.post(address, heading(client.get(address), text=text))
        listed = client.get(url("wording-list")).content.decode()
    assert MessageWording.objects.get().text == text
    assert text in listed
    assert "发给农户" in listed


@pytest.mark.parametrize("preview", [{}, {"preview": "1"}])
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{项目}没有批准：{原因}，向{上一级}复核。{身份证号}", "正文里有不认识的变量{身份证号}"),
        ("{项目}没有批准。", "这条消息必须写明{原因}、{上一级}，请补上。"),
        ("{项目}{原因}{上一级}" + "长" * 500, "正文不能超过500个字。"),
        ("{项目}{原因}{上一级", "花括号没有成对"),
    ],
)
def test_a_faulty_message_template_is_named_and_what_was_typed_stays(
    world: World, preview: dict[str, str], text: str, sentence: str
) -> None:
    client, address = as_(world.administrator), url("message-wording-change", "home_rejected")
    with clock_at(world.now):
        page = client.post(address, heading(client.get(address), text=text, **preview))
    assert page.status_code == 422
    assert sentence in page.content.decode()
    assert page.context["form"]["text"].value() == text
    assert not MessageWording.objects.exists()


def test_an_event_that_is_none_finds_nothing_and_nobody_else_words_messages(world: World) -> None:
    with clock_at(world.now):
        assert as_(world.administrator).get(url("message-wording-change", "moon")).status_code == 404
        answer = as_(world.approver).get(url("message-wording-change", "home_rejected"))
    assert answer.status_code == 403
