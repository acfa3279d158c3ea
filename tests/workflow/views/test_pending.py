"""Half a form outlives the battery: words and papers are kept for the one who typed, offered again, gone once saved."""

from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from applications.models import Application, Attachment, HistoryEntry, RequiredPaper
from tests import stages
from tests.workflow.views.pages import as_, clock_at, everything, url
from tests.workflow.views.test_entering import NEW, form_of, typed
from tests.world import World, programme
from workflow import pending
from workflow.models import PendingEntry

BROKEN = b"\xff\xd8\xff\xe0 broken"


def shot(name: str = "photo.jpg") -> SimpleUploadedFile:
    """A photo that no other is the same as, byte for byte."""
    buffer = BytesIO()
    Image.effect_noise((32, 32), 90).convert("RGB").save(buffer, "JPEG")
    return SimpleUploadedFile(name, buffer.getvalue())


def paper_of(world: World, name: str = "身份证复印件〔示例〕") -> RequiredPaper:
    return RequiredPaper.objects.create(programme=world.grain, name=name, compulsory=True)


def test_what_is_typed_is_kept_by_each_computation_and_offered_again(world: World) -> None:
    household = world.household()
    address = form_of(household, world.grain)
    with clock_at(world.now):
        client = as_(world.clerk)
        shown = client.post(f"{address}&preview=1", typed(world), headers={"hx-request": "true"})
        assert "已自动暂存" in shown.content.decode()
        client.post(f"{address}&preview=1", typed(world, quantity="x"), headers={"hx-request": "true"})
        assert PendingEntry.objects.get().typed["quantity"] == "x"
        client.post(f"{address}&preview=1", typed(world), headers={"hx-request": "true"})
        page = client.get(address)
        picker = client.get(NEW).content.decode()
        other = as_(world.second_clerk)
        assert "接着填好" not in other.get(address).content.decode()
        assert "没有填完的" not in other.get(NEW).content.decode()
    assert "接着填好" in page.content.decode()
    form = page.context["form"]
    assert [form[name].value() for name in ("quantity", "reason", "committed")] == [
        "4",
        "家中新增耕地。",
        "on",
    ]
    assert f"?household={household.pk}&amp;programme={world.grain.pk}" in picker
    assert everything()["cases"] == []


def test_keeping_works_by_a_button_and_saving_ends_it(world: World) -> None:
    household, paper = world.household(), paper_of(world)
    address = form_of(household, world.grain)
    with clock_at(world.now):
        client = as_(world.clerk)
        sent = typed(world, step="keep", quantity="")
        files = {f"paper_{paper.pk}": [shot(), shot()], "paper_other": shot("其他.jpg")}
        kept = client.post(address, {**sent, **files})
        assert (kept.status_code, kept["Location"]) == (302, address)
        page = client.get(address).content.decode()
        assert page.count("<figcaption>") == 3
        entry = PendingEntry.objects.get()
        uid = entry.papers.all()[2].attachment.uid
        assert client.get(url("attachment", uid)).status_code == 200
        assert as_(world.second_clerk).get(url("attachment", uid)).status_code == 404
        client.post(address, {**typed(world), "remove": f"{uid}"})
        assert Attachment.objects.count() == 2
        final = typed(world)
        saved = client.post(address, final)
        case = Application.objects.get()
        assert saved["Location"] == case.get_absolute_url()
        assert list(case.attachments.values_list("paper", "kind")) == [(paper.pk, "paper")] * 2
        assert PendingEntry.objects.count() == 0
        # A late echo of the same form, and a second click, leave nothing behind.
        client.post(f"{address}&preview=1", final, headers={"hx-request": "true"})
        again = client.post(address, {**final, f"paper_{paper.pk}": shot()})
        assert again["Location"] == case.get_absolute_url()
    assert (PendingEntry.objects.count(), Attachment.objects.count()) == (0, 2)
    line = HistoryEntry.objects.get(application=case)
    assert line.text.endswith("同时上传材料：身份证复印件〔示例〕。")
    assert case.revision == 1


def test_a_refusal_keeps_papers_and_words_and_names_the_bad_file(world: World) -> None:
    household, paper = world.household(), paper_of(world)
    address, before = form_of(household, world.grain), everything()
    files = {f"paper_{paper.pk}": [shot("好.jpg"), SimpleUploadedFile("坏.jpg", BROKEN)]}
    with clock_at(world.now):
        client = as_(world.clerk)
        refused = client.post(address, {**typed(world), **files})
        page = refused.content.decode()
        assert refused.status_code == 422
        assert "照片“坏.jpg”打不开，可能已损坏，请重新拍照上传。" in page
        assert "有的材料没有上传成功" in page
        assert page.count("<figcaption>") == 1
        assert 'value="4"' in page
        assert Application.objects.count() == 0
        wrong = client.post(address, typed(world, quantity="99"))
        assert wrong.content.decode().count("<figcaption>") == 1
        saved = client.post(address, typed(world))
    assert saved.status_code == 302
    assert Application.objects.get().attachments.count() == 1
    assert before["cases"] == []


def test_a_photo_sent_by_itself_answers_with_the_list_and_the_same_photo_is_held_once(world: World) -> None:
    household = world.household()
    address, taken = form_of(household, world.grain), shot()
    with clock_at(world.now):
        client = as_(world.clerk)
        for _ in range(2):
            taken.seek(0)
            part = client.post(address, {"step": "paper", "key": stages.key(), "paper_other": taken})
            assert (part.status_code, part.content.decode().count("<figcaption>")) == (200, 1)
        bad = client.post(address, {"step": "paper", "paper_other": SimpleUploadedFile("x.exe", b"MZ" * 99)})
        assert "文件“x.exe”不是JPG、PNG照片或PDF，请换一个文件。" in bad.content.decode()
    assert Attachment.objects.count() == 1


def test_kept_words_and_papers_are_thrown_away_when_begun_afresh(world: World) -> None:
    household = world.household()
    address = form_of(household, world.grain)
    with clock_at(world.now):
        client = as_(world.clerk)
        client.post(address, {**typed(world, step="keep"), "paper_other": shot()})
        gone = client.post(address, {"step": "afresh"})
        page = client.get(address)
    assert gone["Location"] == address
    assert page.context["form"]["quantity"].value() is None
    assert (PendingEntry.objects.count(), Attachment.objects.count()) == (0, 0)


def test_nobody_keeps_anything_for_a_household_of_others(world: World) -> None:
    household = world.household(village=1)
    with clock_at(world.now):
        for person, status in ((world.clerk, 404), (world.reviewer, 403)):
            sent = {**typed(world, step="keep"), "paper_other": shot()}
            assert as_(person).post(form_of(household, world.grain), sent).status_code == status
    assert (PendingEntry.objects.count(), Attachment.objects.count()) == (0, 0)


def test_the_next_case_begins_where_the_last_ended(world: World) -> None:
    homes = sorted((world.household() for _ in range(4)), key=lambda home: home.number)
    stages.draft(world, household=homes[1])
    with clock_at(world.now):
        client = as_(world.clerk)
        places = []
        for home in (homes[2], homes[3], homes[0]):
            sent = typed(world, next="1", applied_on="2021-02-24", key=stages.key())
            places.append(client.post(form_of(home, world.grain), sent)["Location"])
        after = client.get(places[0])
    assert places == [
        form_of(homes[3], world.grain),
        form_of(homes[0], world.grain),
        "/applications/?state=draft",
    ]
    assert f"{after.context['form']['applied_on'].value()}" == "2021-02-24"


def test_a_programme_is_carried_to_another_household_where_it_fits(world: World) -> None:
    household = world.household()
    far = programme(world.villages[1], name="别的村")
    with clock_at(world.now):
        client = as_(world.clerk)
        assert f"for={world.grain.pk}" in client.get(f"{NEW}?for={world.grain.pk}").content.decode()
        goes = client.get(f"{NEW}?household={household.pk}&for={world.grain.pk}")
        stays = client.get(f"{NEW}?household={household.pk}&for={far.pk}")
    assert goes["Location"] == form_of(household, world.grain)
    assert (stays.status_code, "现在可以申报的项目" in stays.content.decode()) == (200, True)


def test_what_is_known_is_filled_in_and_shown_masked(world: World) -> None:
    household = world.household()
    head = household.head
    assert head is not None
    household.phone = "13800001234"
    household.save()
    with clock_at(world.now):
        page = as_(world.clerk).get(form_of(household, world.travel))
    text = page.content.decode()
    assert page.context["form"]["member"].value() == head.pk
    assert "138****1234" in text
    assert f"示例银行〔示例〕 尾号{head.card_number[-4:]}" in text
    assert head.card_number not in text


def test_households_entered_for_last_are_offered_first(world: World) -> None:
    homes = [world.household() for _ in range(3)]
    for home in (homes[1], homes[0]):
        stages.draft(world, household=home)
    with clock_at(world.now):
        context: Any = as_(world.clerk).get(NEW).context
        assert [one.pk for one in context["recent"]] == [homes[0].pk, homes[1].pk]
        assert list(as_(world.second_clerk).get(NEW).context["recent"]) == []


@pytest.mark.parametrize("many", [1, 3])
def test_several_files_of_a_paper_are_added_at_once_and_a_bad_one_costs_no_other(
    world: World, many: int
) -> None:
    case = stages.draft(world)
    files = [shot() for _ in range(many)]
    with clock_at(world.now):
        client = as_(world.clerk)
        key = client.get(url("application-attach", case.pk)).context["form"]["key"].value()
        sent = {"paper": "", "revision": case.revision, "key": key}
        bad = SimpleUploadedFile("坏.jpg", BROKEN)
        page = client.post(
            url("application-attach", case.pk), {**sent, "upload": [*files, bad]}, follow=True
        ).content.decode()
    assert case.attachments.count() == many
    assert "没有上传：照片“坏.jpg”打不开" in page
    assert stages.again(case).revision == case.revision + 1


def test_more_papers_than_anybody_looks_at_are_refused(world: World) -> None:
    household = world.household()
    for _ in range(pending.MOST_PAPERS):
        pending.hold(household, world.grain, paper=None, upload=shot(), by=world.clerk, now=world.now)
    with pytest.raises(pending.TooManyPapers):
        pending.hold(household, world.grain, paper=None, upload=shot(), by=world.clerk, now=world.now)
    assert Attachment.objects.count() == pending.MOST_PAPERS
