"""How much anybody may send (上传限制): whole requests by their announced length, single files as their pieces come."""

from collections.abc import Callable

from django.conf import settings
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

MEGABYTE = 1024 * 1024
TYPED = 2 * MEGABYTE
"""Room for everything that is typed in a form beside its files."""
MOST_FILES, MOST_PHOTOS = 9, 3
"""Files in one form of the desk, photos in the public objection form."""
TOO_LARGE = (
    "您一次提交的内容超过{most}MB，没有保存。请用浏览器的“返回”回到刚才的页面，填写的内容还在；"
    "把照片或文件缩小，或者分几次提交。"
)


class BodyLimit:
    """Answer 413 before a byte of a body is read that is larger than anything this person could have to send.

    A request that announces no length is read as an empty one by Django, however much follows.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        announced = _announced(request)
        if announced > TYPED and announced > (most := _most(request)):
            sentence = TOO_LARGE.format(most=most // MEGABYTE)
            return render(request, "413.html", {"sentence": sentence}, status=413)
        return self.get_response(request)


def _announced(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _most(request: HttpRequest) -> int:
    """Files of a desk's form for whoever is signed in, an objection's photos for everybody, and elsewhere text alone."""
    if request.user.is_authenticated:
        return MOST_FILES * settings.UPLOAD_LIMIT + TYPED
    if request.path.startswith("/public/"):
        return MOST_PHOTOS * settings.UPLOAD_LIMIT + TYPED
    return TYPED


class CutFile(TemporaryFileUploadHandler):
    """Keep a file's pieces up to the limit and only count the rest: the form then refuses it by its size, with all
    that was typed still in place."""

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start + len(raw_data) <= settings.UPLOAD_LIMIT:
            super().receive_data_chunk(raw_data, start)
