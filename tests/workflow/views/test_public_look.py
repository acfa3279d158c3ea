"""长辈版, type size and contrast last without a script, and lead nowhere else."""

import pytest
from django.test import Client

from tests.workflow.views.pages import url


@pytest.mark.parametrize(
    ("asked", "goes_to", "cookies"),
    [
        ({"elder": "1", "next": "/public/receipt/"}, "/public/receipt/", {"elder": "1"}),
        (
            {"elder": "0", "next": "/public/?elder=1&village=990101001001&page=3"},
            "/public/?village=990101001001",
            {"elder": "0"},
        ),
        ({"elder": "1", "next": "https://example.org/"}, "/public/", {"elder": "1"}),
        ({"elder": "1", "next": "//example.org/"}, "/public/", {"elder": "1"}),
        ({"elder": "1", "next": "javascript:alert(1)"}, "/public/", {"elder": "1"}),
        ({"elder": "1"}, "/public/", {"elder": "1"}),
        ({"elder": "yes", "next": "/public/"}, "/public/", {"elder": "0"}),
        ({"size": "largest", "next": "/public/"}, "/public/", {"size": "largest"}),
        ({"contrast": "high", "next": "/public/"}, "/public/", {"contrast": "high"}),
        (
            {"size": "<b>", "contrast": "'", "next": "/public/"},
            "/public/",
            {"size": "normal", "contrast": "normal"},
        ),
        ({"next": "/public/"}, "/public/", {}),
    ],
)
def test_a_look_lasts_and_leads_nowhere_else(
    db: None, asked: dict[str, str], goes_to: str, cookies: dict[str, str]
) -> None:
    answer = Client().get(url("elder-mode"), asked)
    assert (answer.status_code, answer.url) == (302, goes_to)
    assert {name: answer.cookies[name].value for name in answer.cookies} == cookies
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", ["public-board", "public-progress", "public-receipt", "public-statistics"])
def test_the_cookies_show_on_every_public_page(db: None, name: str) -> None:
    client = Client()
    assert '<html lang="zh-CN">' in client.get(url(name)).content.decode()
    client.get(url("elder-mode"), {"elder": "1", "size": "large", "contrast": "high"})
    page = client.get(url(name))
    assert '<html lang="zh-CN" class="elder size-large contrast-high">' in page.content.decode()
    assert "Cookie" in page.headers["Vary"]


def test_an_unknown_cookie_is_the_usual_look(db: None) -> None:
    client = Client()
    for name in ("elder", "size", "contrast"):
        client.cookies[name] = '"><script>'
    assert '<html lang="zh-CN">' in client.get(url("public-board")).content.decode()


def test_elders_get_fewer_entries_and_a_telephone(db: None) -> None:
    usual = Client().get(url("public-board")).content.decode()
    elder = Client().get(f"{url('public-board')}?elder=1").content.decode()
    assert "不会操作，就打电话" not in usual
    assert "不会操作，就打电话" in elder
    assert url("public-statistics") in usual
    assert url("public-statistics") not in elder
