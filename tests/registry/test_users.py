"""Users are deactivated, never deleted, by whatever door one tries."""

from collections.abc import Callable

import pytest
from django.core.management import call_command

from registry.models import User, UserNeverDeleted
from tests.registry import places

DOORS: dict[str, Callable[[User], object]] = {
    "instance": lambda user: user.delete(),
    "queryset": lambda user: User.objects.filter(pk=user.pk).delete(),
    "all": lambda user: User.objects.all().delete(),
    "default manager": lambda user: User._default_manager.all().delete(),
    "base manager instance": lambda user: User._base_manager.get(pk=user.pk).delete(),
    "raw delete": lambda user: User.objects.filter(pk=user.pk)._raw_delete("default"),
    "related queryset": lambda user: user.groups.create(name="〔示例〕").user_set.all().delete(),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.django_db
def test_a_user_cannot_be_deleted_by(door: str) -> None:
    user = places.user()
    with pytest.raises(UserNeverDeleted) as refused:
        DOORS[door](user)
    assert refused.value.sentence == "用户不能删除，否则办理记录会失去经办人；请改为停用。"
    assert list(User.objects.all()) == [user]


@pytest.mark.django_db
def test_a_user_is_called_by_name() -> None:
    user = User.objects.create_user("zhang", name="〔示例〕张三", phone="13800000000")
    assert (str(user), user.get_full_name(), user.get_short_name()) == ("〔示例〕张三",) * 3
    assert User.objects.get().phone == "13800000000"
    assert str(User(username="zhang")) == "zhang"


@pytest.mark.django_db
def test_createsuperuser_works_without_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a-long-enough-example")
    call_command("createsuperuser", username="root", name="〔示例〕管理员", interactive=False, verbosity=0)
    made = User.objects.get()
    assert (made.username, made.name, made.is_superuser, made.is_active) == (
        "root",
        "〔示例〕管理员",
        True,
        True,
    )
    assert made.check_password("a-long-enough-example")
