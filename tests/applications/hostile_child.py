"""A process of its own that sends each hostile file through its door in a fork with a limit on memory.

It prints one JSON line per file: what became of it, the memory at its highest, and the processor's time.
"""

import json
import os
import resource
import sys
import time
from typing import Any

import django

django.setup()

from django.core.files.uploadedfile import SimpleUploadedFile  # noqa: E402

from applications import uploads  # noqa: E402
from registry import workbooks as guard  # noqa: E402
from registry.refusal import Refused  # noqa: E402
from tests.applications.hostile import DRAWN, MARK, MB, READ, Hostile, all_files  # noqa: E402
from workflow import workbooks  # noqa: E402
from workflow.forms import holidays, staff  # noqa: E402

ROOM = 300 * MB


def through(door: str, upload: SimpleUploadedFile) -> str:
    """Send it; what it became. Anything but a refusal with a sentence is told as the error it is."""
    try:
        if door == "table":
            workbooks.read(upload)
            return READ
        if door == "book":
            with guard.opened(
                upload, most_bytes=workbooks.MOST_BYTES, most_unpacked=workbooks.MOST_UNPACKED
            ) as opened:
                for sheet in opened:
                    for _ in sheet.iter_rows(values_only=True):
                        pass
            return READ
        if door == "list":
            for read in (holidays.read, staff.read):
                try:
                    read(upload)
                    return READ
                except Refused:
                    pass
            raise Refused("both refuse")
        found = uploads.prepare(upload, photo=door == "photo")
    except Refused as refused:
        return "refused" if refused.sentence else "refused without a sentence"
    if found.content_type != "image/jpeg" or MARK in found.content or b"<" + b"script" in found.content:
        return "kept as it came"
    if found.content[:3] != b"\xff\xd8\xff" or b"Exif" in found.content or set("/\\\0\r\n") & set(found.name):
        return f"kept with something beside the picture: {found.name!r}"
    return DRAWN


def limited(file: Hostile, content: bytes) -> dict[str, Any]:
    """In a fork: the memory may grow by so much, and the time is the fork's own."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        with open("/proc/self/statm") as pages:
            now = int(pages.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + ROOM, now + ROOM))
        resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
        upload = SimpleUploadedFile("x", content)
        upload._name = file.called
        began = time.process_time()
        try:
            outcome = through(file.door, upload)
        except BaseException as error:
            outcome = f"{type(error).__name__}: {error}"
        told = {
            "outcome": outcome,
            "seconds": time.process_time() - began,
            "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
        os.write(write, json.dumps(told).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else {"outcome": "killed", "seconds": 60.0, "megabytes": 0.0}


def made(file: Hostile) -> bytes:
    """The content, made in a fork as well, so that making a large one leaves no memory behind here."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        with os.fdopen(write, "wb") as out:
            out.write(file.make())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        content = pipe.read()
    os.waitpid(child, 0)
    return content


if __name__ == "__main__":
    for file in all_files():
        told = limited(file, made(file))
        print(json.dumps({"name": f"{file.name}, {file.door}", "wanted": file.outcome, **told}), flush=True)
    sys.exit(0)
