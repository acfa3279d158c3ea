"""How much anybody may send: a whole request by its length, a file as it comes, and what was typed stays."""

import tempfile
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, RequestFactory
from pytest_django import Settings

from applications import uploads
from registry.upload_limits import MEGABYTE, TYPED, CutFile
from tests import stages
from tests.workflow.views.pages import as_, clock_at, everything, url
from tests.workflow.views.sheets import all_rows, on_display
from tests.world import World, photo
from workflow.forms.public import issue
from workflow.models import Objection

GIGABYTE = 1024 * MEGABYTE
STAFF, PUBLIC = 182 * MEGABYTE, 62 * MEGABYTE


class Counted(BytesIO):
    """An empty body that counts how often it was asked for."""

    asked = 0

    def read(self, *args: Any) -> bytes:
        self.asked += 1
        return b""


def announced(client: Client, address: str, length: int) -> Any:
    """A request that says how long its body is; one that is refused for it must not have read any."""
    body = Counted()
    answer = client.generic(
        "POST",
        address,
        b"",
        "multipart/form-data; boundary=x",
        **{"CONTENT_LENGTH": str(length), "wsgi.input": body},
    )
    assert answer.status_code != 413 or body.asked == 0
    return answer


def test_the_handlers_that_limit_files_are_the_only_ones() -> None:
    assert configured.FILE_UPLOAD_HANDLERS == [
        "django.core.files.uploadhandler.MemoryFileUploadHandler",
        "registry.upload_limits.CutFile",
    ]


@pytest.mark.parametrize("length", [STAFF + 1, 4 * GIGABYTE, 10**15])
def test_somebody_signed_in_is_told_before_the_body_is_read(world: World, length: int) -> None:
    case, before = stages.draft(world), everything()
    answer = announced(as_(world.clerk), url("application-attach", case.pk), length)
    assert answer.status_code == 413
    text = answer.content.decode()
    assert "您一次提交的内容超过182MB，没有保存。" in text
    assert "填写的内容还在" in text
    before["cases"] = everything()["cases"]
    assert everything() == before


@pytest.mark.parametrize(
    ("address", "length"),
    [
        ("/public/receipt/", PUBLIC + 1),
        ("/public/progress/", 4 * GIGABYTE),
        ("/login/", TYPED + 1),
        ("/", TYPED + 1),
    ],
)
def test_a_stranger_may_send_the_photos_of_an_objection_and_no_more(
    world: World, address: str, length: int
) -> None:
    assert announced(Client(), address, length).status_code == 413


def test_what_a_person_may_send_is_let_through_to_the_form(world: World) -> None:
    for client, length in ((Client(), PUBLIC), (as_(world.clerk), STAFF)):
        assert announced(client, url("public-progress"), length).status_code == 422


@pytest.mark.parametrize("length", ["", "many", "-1"])
def test_a_length_that_is_no_number_does_not_break_the_page(world: World, length: str) -> None:
    answer = Client().generic("POST", url("public-progress"), b"", CONTENT_LENGTH=length)
    assert answer.status_code == 422


def test_four_gigabytes_in_pieces_leave_no_more_than_the_limit_on_the_disk(
    tmp_path: Path, settings: Settings
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    handler, piece, at = CutFile(RequestFactory().post("/")), b"\xff" * MEGABYTE, 0
    handler.new_file("photo", "a.jpg", "image/jpeg", 0)
    for _ in range(4096):
        handler.receive_data_chunk(piece, at)
        at += len(piece)
    file = handler.file_complete(at)
    assert file is not None
    assert file.size == 4 * GIGABYTE
    (kept,) = tmp_path.iterdir()
    assert kept.stat().st_size == configured.UPLOAD_LIMIT
    with pytest.raises(uploads.BadFile, match="超过20MB"):
        uploads.prepare(file)
    file.close()
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_an_anonymous_objection_with_too_large_a_photo_keeps_what_was_typed(world: World, room: Path) -> None:
    cache.clear()
    entry = on_display(world, 1).entries.get()
    moment = world.later(1)
    large = SimpleUploadedFile("门牌.jpg", photo().read() + b"\0" * configured.UPLOAD_LIMIT)
    sent = {
        "anonymous": "1",
        "facts": "该户实际种植面积只有一亩。",
        "photos": [large],
        "token": issue(entry.pk, now=moment - timedelta(minutes=1)),
    }
    before = all_rows()
    with clock_at(moment):
        answer = Client().post(url("public-objection", entry.pk), sent)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "超过20MB，请压缩后再上传。" in text
    assert "该户实际种植面积只有一亩。" in text
    assert all_rows() == before
    assert Objection.objects.count() == 0
    assert list(room.iterdir()) == []
