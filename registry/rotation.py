"""Re-encrypting under a new key (密钥轮换): every sensitive column and blind index, in batches, while work goes on.

Nothing is kept about how far it got: a row says itself under which key it is sealed, so a run that was killed is
simply started again.
"""

from collections.abc import Callable, Iterator
from typing import Any

from django.apps import apps
from django.db import models, transaction

from registry import keys
from registry.refusal import Refused
from registry.sensitive import SUITE, BlindIndexField, SensitiveField, blind_index

BATCH = 200


class RotationUnderWay(Refused):
    """Old keys are still needed."""


def tables() -> list[type[models.Model]]:
    """The models that keep a sensitive column."""
    return [
        model
        for model in apps.get_models()
        if not model._meta.proxy and any(isinstance(f, SensitiveField) for f in model._meta.local_fields)
    ]


def rotate(*, progress: Callable[[int], None] = lambda rows: None) -> str:
    """Put a new key in force and bring every row under it; a rotation that was broken off is finished.

    In: a function told how many rows have been looked at in the first pass. Out: the id of the new key.
    """
    current = keys.begin_rotation()
    # Who had read the old file may commit a row behind the pass: so until a pass finds nothing.
    done = _pass(progress)
    while done:
        done = _pass(lambda rows: None)
    keys.end_rotation()
    return current


def forget_old() -> list[str]:
    """Take the old keys out of the file, after one more look that no row needs them; their ids."""
    if keys.keyring().old_index_key is not None:
        raise RotationUnderWay("上一次轮换还没有完成，请先运行 manage.py rotate_keys。")
    while _pass(lambda rows: None):
        pass
    return keys.drop_old_keys()


def _pass(progress: Callable[[int], None]) -> int:
    """Look at every row once and reseal those that need it; how many did."""
    done = 0
    for model in tables():
        for rows in _batches(model):
            stale = [row.pk for row in rows if _is_stale(row)]
            if stale:
                done += _reseal(model, stale)
            progress(len(rows))
    return done


def _batches(model: type[models.Model]) -> Iterator[list[Any]]:
    last = 0
    while rows := list(_rows(model).filter(pk__gt=last).order_by("pk")[:BATCH]):
        yield rows
        last = rows[-1].pk


def _rows(model: type[models.Model]) -> models.QuerySet[Any]:
    return model._base_manager.only("pk", "uid", *_columns(model))


def _columns(model: type[models.Model]) -> list[str]:
    return [f.name for f in model._meta.concrete_fields if isinstance(f, SensitiveField | BlindIndexField)]


def _is_stale(row: models.Model) -> bool:
    mark = f"{SUITE}:{keys.keyring().current}:"
    for field in row._meta.concrete_fields:
        if isinstance(field, SensitiveField):
            stored = getattr(row, field.attname)
            if stored and not stored.startswith(mark):
                return True
        elif isinstance(field, BlindIndexField) and getattr(row, field.attname) != blind_index(
            getattr(row, field.of)
        ):
            return True
    return False


def _reseal(model: type[models.Model], stale: list[int]) -> int:
    """Read the rows again under lock and write them sealed anew, together."""
    with transaction.atomic(durable=True):
        rows = list(
            _rows(model).select_for_update(of=("self",), no_key=True).filter(pk__in=stale).order_by("pk")
        )
        for row in rows:
            for field in model._meta.concrete_fields:
                if isinstance(field, SensitiveField):
                    setattr(row, field.name, str(getattr(row, field.name)))
        model._base_manager.bulk_update(rows, _columns(model))
    return len(rows)
