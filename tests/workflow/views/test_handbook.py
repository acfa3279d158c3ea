"""The help: a page a role from docs/help, its pictures small and described, and the short answers beside the rules."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.test import Client
from PIL import Image

from applications.states import State
from tests import stages
from tests.workflow.views.pages import as_, clock_at, queries, url
from tests.world import World
from workflow.views import handbook
from workflow.views.handbook import PAGES, PICTURES

HELP = settings.BASE_DIR / "static" / "help"
MOST_BYTES = 150_000
NAMED = re.compile(r"!\[([^\]]*)\]\(([^)]*)\)")
RULES = ("period", "cut", "restart", "cap", "objection", "who")


def named() -> list[tuple[str, str, str]]:
    """Page, description and address of every picture."""
    return [
        (page, alt, address)
        for page in PAGES
        for alt, address in NAMED.findall((handbook.FOLDER / f"{page}.md").read_text(encoding="utf-8"))
    ]


def test_every_picture_is_there_small_described_and_used() -> None:
    found = named()
    assert {page for page, _, _ in found} == set(PAGES)
    for page, alt, address in found:
        assert alt, f"{page}: a picture without words"
        path = settings.BASE_DIR / "static" / address.removeprefix(PICTURES)
        assert (handbook.FOLDER / address).resolve() == path, "the repository's own pages show it too"
        assert path.stat().st_size < MOST_BYTES
        with Image.open(path) as picture:
            assert picture.width >= 390
    used = {Path(address).name for _, _, address in found}
    assert used == {path.name for path in HELP.iterdir()}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_its_whole_text_with_one_heading(world: World, page: str) -> None:
    client = as_(world.clerk)
    response = client.get(url("help", page))
    text = response.content.decode()
    source = (handbook.FOLDER / f"{page}.md").read_text(encoding="utf-8")
    assert text.count("<h1>") == 1
    for heading in re.findall(r"^#+ (.*)$", source, re.MULTILINE):
        assert f">{heading}</h" in text
    assert "](" not in text
    assert "style=" not in text
    assert queries(client, url("help", page)) <= 12


@pytest.mark.parametrize(
    ("who", "title"),
    [
        ("clerk", "村级经办人怎样用"),
        ("reviewer", "乡镇审核员怎样用"),
        ("approver", "区级审定员怎样用"),
        ("supervisor", "监督员怎样用"),
        ("administrator", "系统管理员怎样用"),
    ],
)
def test_each_role_is_led_to_its_own_page(world: World, who: str, title: str) -> None:
    client = as_(getattr(world, who))
    with clock_at(world.now):
        desk = client.get(url("desk")).content.decode()
        assert desk.count(f'href="{url("help-own")}"') == 2  # the menu and the desk itself
        assert f"<h1>{title}</h1>" in client.get(url("help-own")).content.decode()


def test_an_unknown_page_is_not_found(world: World) -> None:
    client = as_(world.clerk)
    for page in ("nobody", "README", "village-md"):
        assert client.get(url("help", page)).status_code == 404


def test_the_households_page_is_open_to_everybody_and_linked_from_the_board(world: World) -> None:
    visitor = Client()
    assert "<h1>农户怎样查、怎样问</h1>" in visitor.get(url("public-help")).content.decode()
    assert url("public-help") in visitor.get(url("public-board")).content.decode()
    assert visitor.post(url("public-help")).status_code == 405


def test_html_in_a_text_is_shown_not_obeyed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "odd.md").write_text("# 题\n\n<script>alert(1)</script>\n\n见[乡镇](township.md)", "utf-8")
    monkeypatch.setattr(handbook, "FOLDER", tmp_path)
    made = handbook.text_of("odd")
    assert "<script>" not in made
    assert f'<a href="{url("help", "township")}">乡镇</a>' in made


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_opens_without_a_script(rule: str) -> None:
    made = render_to_string("_rule.html", {"rule": rule})
    summary, text = re.findall(r"<summary>(.+?)</summary><p>(.+?)</p>", made)[0]
    assert len(summary) >= 5
    assert text.endswith("。")
    assert made.count("<details") == 1


def test_rules_stand_where_they_decide(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_REVIEW)
    with clock_at(moment):
        reviewer, clerk = as_(world.reviewer), as_(world.clerk)
        act = reviewer.get(url("application-act", case.pk, "pass")).content.decode()
        assert "什么是核减" in act
        assert "为什么有的人不能办" in clerk.get(case.get_absolute_url()).content.decode()
        home = clerk.get(url("household-detail", case.household_id)).content.decode()
        assert "封顶怎样算" in home
        stages.returned(world, case, by=world.reviewer, now=moment)
        assert "补正以后从哪里办起" in clerk.get(case.get_absolute_url()).content.decode()
