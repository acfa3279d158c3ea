"""Encrypted columns (加密字段): sealed with AES-256-GCM to their own row, opened only when somebody reads.

A model with such a field carries a `uid`: it is part of the associated data, so that a value copied to
another row, column or table no longer opens. `member.id_number` is the plain text,
`member.id_number_sealed` what is stored; whatever Django does by itself (dumpdata, pickling, bulk_update)
meets the sealed text only.
"""

import base64
import binascii
import hashlib
import hmac
import os
import uuid
from collections.abc import Sequence
from typing import Any

from cryptography.exceptions import InvalidTag
from django.core import checks
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models.lookups import Exact, In
from django.db.models.signals import pre_save

from registry.keys import KeyFileUnusable, forget_keys, keyring, write_key_file

__all__ = [
    "BlindIndexField",
    "KeyFileUnusable",
    "PlainTextRefused",
    "SealBroken",
    "Sealed",
    "SensitiveField",
    "UnknownKey",
    "blind_index",
    "forget_keys",
    "keyring",
    "normalised",
    "seal",
    "unseal",
    "write_key_file",
]

SUITE = "gcm1"
NONCE_BYTES = 12
HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}


class UnknownKey(Exception):
    """A stored value names a key that the key file does not hold."""


class SealBroken(Exception):
    """A stored value was altered, or moved here from another row or column."""


class PlainTextRefused(TypeError):
    """Plain text was about to reach the database, in a column or in a query."""


class Sealed(str):
    """Text in its stored form. Only this type is ever written to a sensitive column."""

    __slots__ = ()


def seal(plain: str, *, place: str) -> Sealed:
    """Encrypt a text for one place (table.column:row uid) under the current key."""
    keys = keyring()
    nonce = os.urandom(NONCE_BYTES)
    body = nonce + keys.ciphers[keys.current].encrypt(nonce, plain.encode(), place.encode())
    return Sealed(f"{SUITE}:{keys.current}:{base64.b64encode(body).decode('ascii')}")


def unseal(stored: str, *, place: str) -> str:
    """Open a stored text; refuse one that was altered or that belongs to another place."""
    suite, _, rest = stored.partition(":")
    key_id, _, text = rest.partition(":")
    if suite != SUITE:
        raise SealBroken(f"{place} 处的内容不是加密格式，不能读取。")
    cipher = keyring().ciphers.get(key_id)
    if cipher is None:
        raise UnknownKey(f"{place} 处的内容使用了未知密钥 {key_id}，请检查密钥文件。")
    try:
        body = base64.b64decode(text, validate=True)
        return cipher.decrypt(body[:NONCE_BYTES], body[NONCE_BYTES:], place.encode()).decode()
    except (InvalidTag, binascii.Error, ValueError) as error:
        raise SealBroken(f"{place} 处的加密内容被改动过，或者是从别处移来的，不能读取。") from error


def normalised(value: str) -> str:
    """Bring a number to one spelling: half-width, upper case, without white space."""
    return "".join(value.translate(HALF_WIDTH).split()).upper()


class Blind(str):
    """A look-up key; during a rotation with the one that rows not yet reached carry."""

    older: str | None = None


def blind_index(value: str) -> Blind:
    """Give the look-up key of a plain value: same value, same key; without the index key it tells nothing."""
    text, keys = normalised(value).encode(), keyring()
    if not text:
        return Blind()
    made = Blind(hmac.new(keys.index_key, text, hashlib.sha256).hexdigest())
    if keys.old_index_key is not None:
        made.older = hmac.new(keys.old_index_key, text, hashlib.sha256).hexdigest()
    return made


class EitherAge(Exact):
    """Equality with a look-up key, under the key in force or the one being replaced."""

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        if isinstance(self.rhs, Blind) and self.rhs.older is not None:
            sql, values = In(self.lhs, [str(self.rhs), self.rhs.older]).as_sql(compiler, connection)
            return sql, values
        sql, values = super().as_sql(compiler, connection)
        return sql, values


class EmptyOnly(Exact):
    """The one comparison that makes sense on sealed text: is there a value at all?"""

    def get_prep_lookup(self) -> str:
        if not isinstance(self.rhs, str) or self.rhs:
            raise self.lhs.output_field.refusal()
        return ""


class PlainText:
    """Access to the plain text of a field: opened when read, sealed the moment it is assigned."""

    def __init__(self, of: "SensitiveField") -> None:
        self.field = of

    def __get__(self, instance: models.Model | None, owner: type | None = None) -> Any:
        if instance is None:
            return self
        stored = getattr(instance, self.field.attname)
        return unseal(stored, place=self.field.place(instance)) if stored else ""

    def __set__(self, instance: models.Model, value: str | None) -> None:
        if not isinstance(value, str | None):
            raise PlainTextRefused(f"字段 {self.field.name} 只接受文本。")
        if isinstance(value, Sealed):
            instance.__dict__[self.field.attname] = value
            return
        stored = seal(value, place=self.field.place(instance)) if value else Sealed()
        instance.__dict__[self.field.attname] = stored
        for index in self.field.indexes(type(instance)):
            instance.__dict__[index.attname] = str(blind_index(value or ""))


class SensitiveField(models.TextField):
    """A text column that is encrypted at rest. Never in a form by itself: the form declares its own field.

    Reading needs the row's uid: a query with only() names it too.
    """

    description = "加密文本"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.update(blank=True, default="", editable=False)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        for fixed in ("blank", "default", "editable"):
            kwargs.pop(fixed, None)
        return name, path, args, kwargs

    def get_attname_column(self) -> tuple[str, str]:
        return f"{self.name}_sealed", self.db_column or self.name

    def contribute_to_class(self, cls: type[models.Model], name: str, private_only: bool = False) -> None:
        super().contribute_to_class(cls, name, private_only)
        setattr(cls, name, PlainText(self))

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        found = list(super().check(**kwargs))
        try:
            has_uid = isinstance(self.model._meta.get_field("uid"), models.UUIDField)
        except FieldDoesNotExist:
            has_uid = False
        if not has_uid:
            found.append(checks.Error("含加密字段的模型必须有 UUID 字段 uid。", obj=self, id="registry.E010"))
        return found

    def place(self, instance: models.Model) -> str:
        """Name the place of a value (table.column:row uid): the associated data of its seal."""
        uid = instance.uid  # type: ignore[attr-defined]
        row = uid if isinstance(uid, uuid.UUID) else uuid.UUID(uid)
        return f"{self.model._meta.db_table}.{self.column}:{row}"

    def indexes(self, model: type[models.Model]) -> list["BlindIndexField"]:
        """List the blind indexes that a model keeps over this field."""
        return [
            f for f in model._meta.concrete_fields if isinstance(f, BlindIndexField) and f.of == self.name
        ]

    def refusal(self) -> PlainTextRefused:
        names = [index.name for index in self.indexes(self.model)]
        way = f"查找请用 {names[0]}=blind_index(值)" if names else "它没有盲索引，不能查找"
        return PlainTextRefused(
            f"{self.model.__name__}.{self.name} 是加密字段，不能用明文查询或批量写入；{way}。"
        )

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Sealed:
        return Sealed(value or "")

    def to_python(self, value: Any) -> Any:
        """Keep a sealed text from a fixture sealed."""
        return Sealed(value) if isinstance(value, str) and value.startswith(f"{SUITE}:") else value

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        """Validate the plain text, and leave the stored text as it is."""
        plain = getattr(model_instance, self.name)
        self.validate(plain, model_instance)
        self.run_validators(plain)
        return value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        stored = getattr(model_instance, self.attname)
        if add and stored:
            # A copy of a row under a new uid would carry a text that nobody can open again.
            unseal(stored, place=self.place(model_instance))
        return stored

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        if value is None or value == "":
            return ""
        if hasattr(value, "as_sql"):
            return value
        if not isinstance(value, Sealed):
            raise self.refusal()
        return str(value)

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "exact":
            raise self.refusal()
        return EmptyOnly


class BlindIndexField(models.CharField):
    """The look-up key of a sensitive field, kept in step with it. In `bulk_update` name both fields."""

    description = "盲索引"

    def __init__(self, *args: Any, of: str, **kwargs: Any) -> None:
        self.of = of
        kwargs.update(max_length=64, blank=True, default="", editable=False)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        for fixed in ("max_length", "blank", "default", "editable"):
            kwargs.pop(fixed, None)
        return name, path, args, {**kwargs, "of": self.of}

    def contribute_to_class(self, cls: type[models.Model], name: str, private_only: bool = False) -> None:
        super().contribute_to_class(cls, name, private_only)
        if not cls._meta.abstract:
            pre_save.connect(self._refuse_half_a_save, sender=cls)

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        found = list(super().check(**kwargs))
        if not any(
            isinstance(f, SensitiveField) and f.name == self.of for f in self.model._meta.concrete_fields
        ):
            found.append(checks.Error(f"盲索引指向的 {self.of} 不是加密字段。", obj=self, id="registry.E011"))
        return found

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Be defined here, so that update_or_create writes the index along with its field."""
        return super().pre_save(model_instance, add)

    def get_lookup(self, lookup_name: str) -> Any:
        return EitherAge if lookup_name == "exact" else super().get_lookup(lookup_name)

    def _refuse_half_a_save(self, update_fields: frozenset[str] | None, **kwargs: Any) -> None:
        if (
            update_fields
            and update_fields & {self.of, f"{self.of}_sealed"}
            and self.name not in update_fields
        ):
            raise PlainTextRefused(f"保存 {self.of} 时，update_fields 必须同时写上 {self.name}。")
