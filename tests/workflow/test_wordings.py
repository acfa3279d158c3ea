"""The templates of sheets: every kind has its own words, every version stays, an unknown variable is named."""

import pytest

from registry.blanks import BadWording, Wording, fill
from registry.refusal import Refused
from tests.world import World
from workflow import drafts, permissions, wordings
from workflow.models import PostingKind, SheetWording


def region_of(world: World, kind: PostingKind) -> object:
    places = {PostingKind.VILLAGE: world.village, PostingKind.TOWNSHIP: world.township}
    return places.get(kind, world.county)


def test_every_kind_has_a_title_and_a_text_of_its_own(world: World) -> None:
    made = {
        kind: drafts.default_heading(kind, region_of(world, kind), world.grain)  # type: ignore[arg-type]
        for kind in PostingKind
    }
    assert {kind: heading.title for kind, heading in made.items()} == {
        PostingKind.VILLAGE: "示例1村2021年示例种植补助村级公示",
        PostingKind.TOWNSHIP: "示例镇2021年示例种植补助乡级公示",
        PostingKind.DISTRICT: "示例区2021年示例种植补助拟补助名单区级公示",
        PostingKind.ANNOUNCEMENT: "示例区2021年示例种植补助结果公告",
    }
    assert "拟补助" not in made[PostingKind.ANNOUNCEMENT].text
    assert "公示期为" not in made[PostingKind.ANNOUNCEMENT].text
    assert made[PostingKind.DISTRICT].text.endswith("公示期为10个自然日（首日不计）。")
    assert len({heading.text for heading in made.values()}) == len(PostingKind)


@pytest.mark.parametrize("kind", PostingKind)
def test_the_defaults_keep_the_rules_of_a_template(kind: PostingKind) -> None:
    wordings.refuse_unfit(kind, wordings.DEFAULTS[kind])
    assert set(wordings.SAMPLE) == set(wordings.VARIABLES)


def test_a_change_is_a_new_version_with_who_and_when_and_words_the_next_draft(world: World) -> None:
    kind = PostingKind.VILLAGE
    first = Wording("{机构}关于{项目}的公示", "现将{年度}年名单公示{公示期}。", 0)
    wordings.change(wordings.of_sheet(kind), wording=first, by=world.administrator, now=world.now)
    second = Wording("{单位}名单", "请看{项目}。", 1)
    wordings.change(wordings.of_sheet(kind), wording=second, by=world.administrator, now=world.later(1))
    kept = list(
        SheetWording.objects.order_by("version").values_list("version", "title", "changed_by", "changed_at")
    )
    assert kept == [
        (1, first.title, world.administrator.pk, world.now),
        (2, second.title, world.administrator.pk, world.later(1)),
    ]
    heading = drafts.default_heading(kind, world.village, world.grain)
    assert (heading.title, heading.text) == ("示例1村名单", "请看示例种植补助。")
    assert wordings.current(PostingKind.TOWNSHIP) == wordings.DEFAULTS[PostingKind.TOWNSHIP]


@pytest.mark.parametrize(
    ("title", "text", "sentence"),
    [
        ("{单位}公示", "{县长}同意。", "正文里有不认识的变量{县长}"),
        ("{单 位}公示", "正文", "标题里有不认识的变量{单 位}"),
        ("{}公示", "正文", "标题里有不认识的变量{}"),
        ("{单位公示", "正文", "标题里的花括号没有成对"),
        ("公示", "正文}", "正文里的花括号没有成对"),
        ("{{单位}}", "正文", "标题里的花括号没有成对"),
        ("  ", "正文", "标题不能为空。"),
        ("公示", "", "正文不能为空。"),
        ("字" * 201, "正文", "标题应为一行"),
        ("一\n二", "正文", "标题应为一行"),
    ],
)
def test_a_faulty_template_is_refused_by_name_and_nothing_is_kept(
    world: World, title: str, text: str, sentence: str
) -> None:
    with pytest.raises(BadWording) as refused:
        wordings.change(
            wordings.of_sheet(PostingKind.VILLAGE),
            wording=Wording(title, text),
            by=world.administrator,
            now=world.now,
        )
    assert sentence in refused.value.sentence
    assert not SheetWording.objects.exists()


def test_an_announcement_template_cannot_promise_a_period(world: World) -> None:
    wording = Wording("{单位}公告", "公示期为{公示期}。")
    with pytest.raises(BadWording, match="公告没有公示期"):
        wordings.change(
            wordings.of_sheet(PostingKind.ANNOUNCEMENT),
            wording=wording,
            by=world.administrator,
            now=world.now,
        )
    assert not SheetWording.objects.exists()


def test_nobody_but_an_administrator_words_a_template(world: World) -> None:
    for person in (world.clerk, world.reviewer, world.approver, world.supervisor):
        with pytest.raises(permissions.NotAllowed, match="由区县以上的系统管理员维护"):
            wordings.change(
                wordings.of_sheet(PostingKind.VILLAGE), wording=Wording("甲", "乙"), by=person, now=world.now
            )
    assert not SheetWording.objects.exists()


def test_of_two_changes_of_one_version_the_second_is_refused(world: World) -> None:
    admin = world.administrator
    wordings.change(
        wordings.of_sheet(PostingKind.VILLAGE), wording=Wording("甲", "乙"), by=admin, now=world.now
    )
    with pytest.raises(Refused, match="刚刚被别人改过"):
        wordings.change(
            wordings.of_sheet(PostingKind.VILLAGE), wording=Wording("丙", "丁"), by=admin, now=world.now
        )
    assert wordings.current(PostingKind.VILLAGE) == Wording("甲", "乙", 1)


def test_the_same_click_twice_is_one_version(world: World) -> None:
    values = {"wording": Wording("甲", "乙"), "by": world.administrator, "now": world.now, "key": "k1"}
    first = wordings.change(wordings.of_sheet(PostingKind.VILLAGE), **values)  # type: ignore[arg-type]
    assert wordings.change(wordings.of_sheet(PostingKind.VILLAGE), **values) == first  # type: ignore[arg-type]
    assert SheetWording.objects.count() == 1


def test_a_value_with_braces_is_not_read_as_a_variable(world: World) -> None:
    world.grain.name = "补助{年度}"
    values = wordings.values_for(world.village, world.grain, term="")
    assert fill("{项目}、{年度}", values) == "补助{年度}、2021"
