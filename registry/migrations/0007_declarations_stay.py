"""A declared tie between a person and a household is never deleted, by whatever door: the database refuses it too."""

from django.db import migrations


TABLE = "registry_interest"
FUNCTION = "registry_declarations_stay"
REFUSAL = "回避关系的申报不能删除，只能撤销并写明原因"


def sqlite():
    yield f"CREATE TRIGGER {TABLE}_no_delete BEFORE DELETE ON {TABLE} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    # REPLACE removes a row without its DELETE trigger (unless recursive_triggers is on), so it is met on its way in.
    yield (
        f"CREATE TRIGGER {TABLE}_no_replace BEFORE INSERT ON {TABLE} "
        f"WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id OR (withdrawn_on IS NULL AND NEW.withdrawn_on IS NULL "
        "AND user_id = NEW.user_id AND household_id = NEW.household_id)) "
        f"BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: {TABLE}'); END"
    )


def postgresql():
    yield (
        f"CREATE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    # For each statement: one trigger meets TRUNCATE too.
    yield (
        f"CREATE TRIGGER {TABLE}_no_deletion BEFORE DELETE OR TRUNCATE ON {TABLE} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {FUNCTION}()"
    )


def guard(apps, schema_editor):
    for statement in {"sqlite": sqlite, "postgresql": postgresql}[schema_editor.connection.vendor]():
        schema_editor.execute(statement)


def unguard(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP FUNCTION {FUNCTION}() CASCADE")
        return
    for act in ("delete", "replace"):
        schema_editor.execute(f"DROP TRIGGER {TABLE}_no_{act}")


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0006_register_changes'),
    ]

    operations = [migrations.RunPython(guard, unguard)]
