"""Users are deactivated, never deleted, by whatever door one tries."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.db.models.deletion import Collector

from registry.append_only import HistoryIsAppendOnly
from registry.models import AccountAct, AccountChange, User, UserNeverDeleted
from tests.conftest import guarded_flush
from tests.registry import places


def _collect(user: User) -> None:
    collector = Collector(using="default")
    collector.collect([user])
    collector.delete()


DOORS: dict[str, Callable[[User], object]] = {
    "instance": lambda user: user.delete(),
    "queryset": lambda user: User.objects.filter(pk=user.pk).delete(),
    "all": lambda user: User.objects.all().delete(),
    "default manager": lambda user: User._default_manager.all().delete(),
    "base manager instance": lambda user: User._base_manager.get(pk=user.pk).delete(),
    "raw delete": lambda user: User.objects.filter(pk=user.pk)._raw_delete("default"),
    "base manager": lambda user: User._base_manager.all().delete(),
    "a plain queryset": lambda user: QuerySet(User).filter(pk=user.pk).delete(),
    "the collector": lambda user: _collect(user),
    "related queryset": lambda user: user.groups.create(name="〔示例〕").user_set.all().delete(),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.django_db
def test_a_user_cannot_be_deleted_by(door: str) -> None:
    user = places.user()
    with pytest.raises(UserNeverDeleted) as refused, transaction.atomic():
        DOORS[door](user)
    assert refused.value.sentence == "用户不能删除，否则办理记录会失去经办人；请改为停用。"
    assert list(User.objects.all()) == [user]


RAW = {
    "delete": "DELETE FROM registry_user WHERE id = %s",
    "delete all": "DELETE FROM registry_user WHERE id <> -%s",
    "truncate": "TRUNCATE registry_user CASCADE",
    "replace": "REPLACE INTO registry_user SELECT * FROM registry_user WHERE id = %s",
}
ONLY_ON = {"truncate": "postgresql", "replace": "sqlite"}


@pytest.mark.parametrize("door", RAW)
@pytest.mark.django_db(transaction=True)
def test_the_database_itself_refuses_to(door: str) -> None:
    if ONLY_ON.get(door, connection.vendor) != connection.vendor:
        pytest.skip(f"{connection.vendor} has no such statement")
    user = places.user()
    with (
        pytest.raises(IntegrityError, match=r"用户不能删除|UNIQUE"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(RAW[door], [user.pk] if "%s" in RAW[door] else [])
    assert list(User.objects.all()) == [user]


@pytest.mark.django_db(transaction=True)
def test_the_flush_command_takes_no_user_along() -> None:
    user = places.user()
    with guarded_flush(), pytest.raises(CommandError):
        call_command("flush", interactive=False, verbosity=0)
    assert list(User.objects.all()) == [user]


@pytest.mark.django_db
def test_the_record_of_a_login_is_only_added_to() -> None:
    user = places.user()
    line = AccountChange.objects.create(
        user=user, by=user, act=AccountAct.UNLOCK, at=datetime(2021, 3, 1, tzinfo=UTC), reason="〔示例〕"
    )
    kept = list(AccountChange.objects.values())
    line.reason = "改过"
    for door in (
        line.save,
        line.delete,
        AccountChange.objects.all().delete,
        lambda: AccountChange.objects.update(reason="改过"),
    ):
        with pytest.raises(HistoryIsAppendOnly):
            door()
    for sql in (
        "UPDATE registry_accountchange SET reason = 'x'",
        "DELETE FROM registry_accountchange",
    ):
        with (
            pytest.raises(IntegrityError, match="只能追加"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)
    assert list(AccountChange.objects.values()) == kept


@pytest.mark.django_db
def test_a_user_is_called_by_name() -> None:
    user = User.objects.create_user("zhang", name="〔示例〕张三", phone="13800000000")
    assert (str(user), user.get_full_name(), user.get_short_name()) == ("〔示例〕张三",) * 3
    assert User.objects.get().phone == "13800000000"
    assert str(User(username="zhang")) == "zhang"
