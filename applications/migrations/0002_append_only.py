"""The database itself refuses to change or remove a line of the history, whoever asks."""

from django.db import migrations

TABLES = (
    "applications_historyentry",
    "applications_dailydigest",
    "applications_sealedhead",
    "applications_programmechange",
)
# REPLACE removes a row without its DELETE trigger (unless recursive_triggers is on), so it is met on its way in.
UNIQUE = {
    "applications_historyentry": "id = NEW.id OR (application_id = NEW.application_id AND seq = NEW.seq)",
    "applications_dailydigest": "day = NEW.day",
    "applications_programmechange": "id = NEW.id",
    "applications_sealedhead": "id = NEW.id OR (day_id = NEW.day_id AND \"case\" = NEW.\"case\")",
}
REFUSAL = "办理记录只能追加，不能修改或删除"


def sqlite():
    for table in TABLES:
        for act in ("UPDATE", "DELETE"):
            yield (
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )
        yield (
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {UNIQUE[table]}) "
            f"BEGIN SELECT RAISE(ABORT, '{REFUSAL} (UNIQUE)'); END"
        )


def postgresql():
    yield (
        "CREATE FUNCTION applications_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for table in TABLES:
        # For each statement: one trigger meets TRUNCATE too.
        yield (
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION applications_append_only()"
        )


def guard(apps, schema_editor):
    for statement in {"sqlite": sqlite, "postgresql": postgresql}[schema_editor.connection.vendor]():
        schema_editor.execute(statement)


def unguard(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION applications_append_only() CASCADE")
        return
    for table in TABLES:
        for act in ("update", "delete", "replace"):
            schema_editor.execute(f"DROP TRIGGER {table}_no_{act}")


class Migration(migrations.Migration):

    dependencies = [("applications", "0001_initial")]

    operations = [migrations.RunPython(guard, unguard)]
