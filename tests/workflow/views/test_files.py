"""Files are given out to whoever may see the matter they belong to, and to nobody else."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from applications import uploads
from applications.models import Attachment, AttachmentKind, VerificationVisit
from applications.states import State
from tests import stages
from tests.workflow.views.pages import as_, clock_at, url
from tests.world import World, photo
from workflow import intake
from workflow.models import DisplayPhoto, ObjectionEvidence, PostingKind
from workflow.results import Ref

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def paper(world: World) -> Attachment:
    case = stages.draft(world)
    return uploads.keep(
        photo("合同.jpg"), kind=AttachmentKind.PAPER, by=world.clerk.pk, at=world.now, application=case
    )


def visit_photo(world: World) -> Attachment:
    case, _ = stages.reach(world, State.VILLAGE_REVIEW)
    visit = VerificationVisit.objects.get(application=case)
    return uploads.keep(
        photo(), kind=AttachmentKind.VISIT, by=world.clerk.pk, at=world.now, application=case, visit=visit
    )


def minutes(world: World) -> Attachment:
    case, _ = stages.reach(world, State.VILLAGE_REVIEW)
    meeting = case.appraisals.get().meeting
    return uploads.keep(
        photo(), kind=AttachmentKind.MEETING, by=world.clerk.pk, at=world.now, meeting=meeting
    )


def display_photo(world: World) -> Attachment:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=moment)
    return DisplayPhoto.objects.get().attachment


def evidence(world: World) -> Attachment:
    case, moment = stages.reach(world, State.VILLAGE_POSTING)
    sheet = stages.displayed(world, [case], kind=PostingKind.VILLAGE, now=moment)
    objection = stages.lodged(world, case, sheet, now=moment, concerns_cadre=True)
    kept = uploads.keep(photo(), kind=AttachmentKind.OBJECTION, by=None, at=moment)
    ObjectionEvidence.objects.create(objection=objection, attachment=kept)
    return kept


def loose(world: World) -> Attachment:
    return uploads.keep(photo(), kind=AttachmentKind.PAPER, by=None, at=world.now)


# file: (village clerk, other village's clerk, township reviewer, supervisor, stranger)
WHO = [
    (paper, (200, 404, 200, 200, 404)),
    (visit_photo, (200, 404, 200, 200, 404)),
    (minutes, (200, 404, 200, 200, 404)),
    (display_photo, (200, 404, 200, 200, 404)),
    (evidence, (404, 404, 200, 404, 404)),
    (loose, (404, 404, 404, 404, 404)),
]


@pytest.mark.parametrize(("make", "expected"), WHO, ids=lambda value: getattr(value, "__name__", None))
def test_file_opens_for_those_who_may_see_its_matter(
    world: World, make: Callable[[World], Attachment], expected: tuple[int, ...]
) -> None:
    address = url("attachment", make(world).uid)
    people = (world.clerk, world.clerks[1], world.reviewer, world.supervisor, world.stranger)
    with clock_at(world.now):
        assert tuple(as_(person).get(address).status_code for person in people) == expected
        assert Client().get(address)["Location"] == f"{url('login')}?next={address}"


def test_township_sheets_photo_opens_for_the_village_whose_case_hangs_there(world: World) -> None:
    case, moment = stages.reach(world, State.TOWNSHIP_POSTING)
    sheet = stages.displayed(world, [case], kind=PostingKind.TOWNSHIP, now=moment)
    assert sheet.display is not None
    address = url("attachment", sheet.display.photos.get().attachment.uid)
    assert as_(world.clerk).get(address).status_code == 200
    assert as_(world.clerks[1]).get(address).status_code == 404


def test_picture_is_shown_and_a_pdf_is_saved_with_headers_that_run_nothing(world: World) -> None:
    picture = paper(world)
    document = uploads.keep(
        SimpleUploadedFile("合同.pdf", PDF, content_type="text/html"),
        kind=AttachmentKind.PAPER,
        by=world.clerk.pk,
        at=world.now,
        application=picture.application,
    )
    for kept, content_type, disposition in (
        (picture, "image/jpeg", "inline"),
        (document, "application/pdf", "attachment"),
    ):
        response = as_(world.clerk).get(url("attachment", kept.uid))
        assert response["Content-Type"] == content_type
        assert response["Content-Disposition"].split(";")[0] == disposition
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Cache-Control"] == "private, no-store"
        assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert b"".join(response.streaming_content) == kept.file.open("rb").read()  # type: ignore[attr-defined]


def test_file_that_is_gone_from_the_disk_is_not_found(world: World) -> None:
    kept = paper(world)
    Path(kept.file.path).unlink()
    assert as_(world.clerk).get(url("attachment", kept.uid)).status_code == 404


def test_unknown_file_is_not_found(world: World) -> None:
    assert as_(world.clerk).get("/files/00000000-0000-0000-0000-000000000000/").status_code == 404


def test_photo_is_shown_upright_small_and_without_its_place(world: World) -> None:
    image = Image.new("RGB", (4000, 1000), (200, 30, 30))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "N"
    buffer = BytesIO()
    image.save(buffer, "JPEG", exif=exif, comment=b"taken at home")
    upload = SimpleUploadedFile("taken.jpg", buffer.getvalue())
    case = stages.draft(world)
    kept = intake.attach(Ref.of(case), paper=None, upload=upload, by=world.clerk, now=world.now)
    older = intake.attach(
        Ref.of(stages.again(case)), paper=None, upload=upload, by=world.clerk, now=world.now
    )
    # As photos were kept before they were drawn anew: the camera's own file, with one digest.
    Path(older.file.path).write_bytes(buffer.getvalue())
    Attachment.objects.filter(pk=older.pk).update(kept_sha256="")
    for attachment in (kept, older):
        response = as_(world.clerk).get(url("attachment", attachment.uid))
        assert response["Content-Type"] == "image/jpeg"
        content = b"".join(response.streaming_content)  # type: ignore[attr-defined]
        with Image.open(BytesIO(content)) as shown:
            assert shown.size == (640, 2560)
            assert dict(shown.getexif()) == {}
        assert b"taken at home" not in content
