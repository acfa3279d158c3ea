"""The tree keeps the rules of the house, and each rule finds a violation that is planted for it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import architecture

ROOT = Path(__file__).resolve().parents[1]
Rule = Callable[[Path], list[str]]
RULES: list[Rule] = [
    architecture.upward_imports,
    architecture.workflow_disorder,
    architecture.hidden_imports,
    architecture.oversized_modules,
    architecture.junk_drawers,
    architecture.closed_doors,
    architecture.clock_readings,
    architecture.distant_tasks,
    architecture.inline_code,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_tree_keeps_the_rule(rule: Rule) -> None:
    found = rule(ROOT)
    assert not found, "\n".join(found)


def plant(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, encoding="utf-8")


# rule, file, text, what is found in it (several parted by |; nothing where the same thing is allowed)
PLANTED = [
    ("upward_imports", "registry/a.py", "import applications.states", "1 imports applications"),
    ("upward_imports", "applications/a.py", "from workflow import engine", "1 imports workflow"),
    ("upward_imports", "applications/a.py", "from ..notifications import outbox", "1 imports notifications"),
    ("upward_imports", "notifications/a.py", "def f():\n    import workflow", "2 imports workflow"),
    ("upward_imports", "workflow/views/a.py", "from config import settings", "1 imports config"),
    ("upward_imports", "workflow/a.py", "from registry import clock\nimport notifications, applications", ""),
    ("upward_imports", "registry/a.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import workflow", ""),
    ("upward_imports", "registry/a.py", "import workflows_of_others", ""),
    ("workflow_disorder", "workflow/steps.py", "from workflow.models import Act", "1 imports workflow.models"),
    ("workflow_disorder", "workflow/engine.py", "from workflow import reviews", "1 imports workflow.reviews"),
    ("workflow_disorder", "workflow/reviews.py", "from . import postings", "1 imports workflow.postings"),
    ("workflow_disorder", "workflow/models/a.py", "from .. import flows", "1 imports workflow.flows"),
    ("workflow_disorder", "workflow/postings.py", "from workflow.views.base import x", "1 imports workflow.views"), 
    ("workflow_disorder", "workflow/odds.py", "", "has no place in the table"),
    ("workflow_disorder", "workflow/views/a.py", "from workflow.views.base import x\nfrom workflow import postings, steps", ""), 
    ("workflow_disorder", "workflow/models/a.py", "from workflow.models.time import Holiday\nfrom . import time", ""),
    ("hidden_imports", "workflow/a.py", "def f():\n    def g():\n        import json", "3 imports inside f|3 imports inside g"),
    ("hidden_imports", "workflow/a.py", "class A:\n    async def f(self):\n        from x import y", "3 imports inside f"),
    ("hidden_imports", "workflow/apps.py", "class A:\n    def ready(self):\n        from x import y", ""),
    ("hidden_imports", "workflow/a.py", "def ready():\n    from x import y", "2 imports inside ready"),
    ("oversized_modules", "workflow/a.py", "\n" * 401, "has 401 lines"),
    ("oversized_modules", "tests/a.py", "\n" * 401, "has 401 lines"),
    ("oversized_modules", "workflow/a.py", "\n" * 301, "has 301 lines and no reason"),
    ("oversized_modules", "workflow/a.py", "\n" * 300, ""),
    ("oversized_modules", "tests/a.py", "\n" * 400, ""),
    ("oversized_modules", "workflow/migrations/0001_initial.py", "\n" * 999, ""),
    ("junk_drawers", "workflow/utils.py", "", "is a junk drawer"),
    ("junk_drawers", "registry/common/names.py", "", "is a junk drawer"),
    ("junk_drawers", "registry/information.py", "", ""),
    ("closed_doors", "workflow/reviews.py", "from django_fsm import transition", "1 imports django_fsm"),
    ("closed_doors", "applications/machine.py", "from django_fsm import transition", ""),
    ("closed_doors", "workflow/models/objections.py", "import django_fsm", ""),
    ("closed_doors", "registry/models/users.py", "import django_fsm", "1 imports django_fsm"),
    ("closed_doors", "workflow/views/desk.py", "import viewflow.workflow.models", "1 imports viewflow"),
    ("closed_doors", "workflow/flows.py", "from viewflow import this", ""),
    ("closed_doors", "workflow/flows_of_old.py", "from viewflow import this", "1 imports viewflow"),
    ("closed_doors", "workflow/postings.py", "from celery import current_app", "1 imports celery"),
    ("closed_doors", "workflow/tasks.py", "from celery import shared_task", ""),
    ("closed_doors", "workflow/postings.py", "from registry import clock", "1 imports registry.clock"),
    ("closed_doors", "workflow/management/commands/sweep.py", "from registry import clock", ""),
    ("closed_doors", "workflow/postings.py", "from django.http import HttpRequest", "1 imports django.http"),
    ("clock_readings", "workflow/a.py", "from datetime import datetime\nx = datetime.now()", "2 reads datetime.now"),
    ("clock_readings", "workflow/a.py", "import datetime as dt\nx = dt.date.today()", "2 reads date.today"),
    ("clock_readings", "workflow/a.py", "x = F(default=timezone.now)", "1 reads timezone.now"),
    ("clock_readings", "workflow/a.py", "x = timezone.localdate()", "1 reads localdate"),
    ("clock_readings", "workflow/a.py", "x = F(auto_now_add=True)", "1 reads auto_now_add"),
    ("clock_readings", "workflow/a.py", "from django.utils.timezone import now", "1 imports django.utils.timezone.now"),
    ("clock_readings", "workflow/a.py", "import time\nx = time.time()", "2 reads time.time"),
    ("clock_readings", "workflow/a.py", "x = timezone.localdate(moment)\ny = clock.now()\nz = clock.today()", ""),
    ("clock_readings", "registry/clock.py", "x = timezone.now()", ""),
    ("distant_tasks", "workflow/a.py", "t.apply_async(eta=x)", "1 sets eta"),
    ("distant_tasks", "workflow/a.py", "t.retry(countdown=5)", "1 sets countdown"),
    ("distant_tasks", "workflow/a.py", "t.apply_async(expires=5)", ""),
    ("inline_code", "templates/a.html", '<p>\n<b style="x">', "2 has a style attribute"),
    ("inline_code", "templates/a.html", "<p{% if a %}style='x'{% endif %}>", "1 has a style attribute"),
    ("inline_code", "workflow/templates/a.html", "<style>", "1 has a style element"),
    ("inline_code", "templates/a.html", "<script defer>x</script>", "1 has a script without src"),
    ("inline_code", "templates/a.html", "<script data-src='x'>", "1 has a script without src"),
    ("inline_code", "templates/a.html", "<a onClick='x'>", "1 has a event attribute"),
    ("inline_code", "templates/a.html", "<a hx-on:click='x'>", "1 has a hx-on"),
    ("inline_code", "templates/a.html", "<a href='javascript:x'>", "1 has a javascript: address"),
    ("inline_code", "templates/a.html", "<script src=\"{% static 'a.js' %}\" defer></script><p class='style'>{# style='' #}", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "path", "text", "found"),
    PLANTED,
    ids=[f"{row[0]}-{number}" for number, row in enumerate(PLANTED, 1)],
)
def test_planted_violation_is_found_and_its_allowed_neighbour_is_not(
    tmp_path: Path, rule: str, path: str, text: str, found: str
) -> None:
    plant(tmp_path, path, text)
    findings = getattr(architecture, rule)(tmp_path)
    assert "|".join(finding.removeprefix(path).lstrip(": ") for finding in findings) == found


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_rule_has_a_planted_violation_and_an_allowed_neighbour(rule: Rule) -> None:
    rows = [bool(found) for planted, _, _, found in PLANTED if planted == rule.__name__]
    assert set(rows) == {True, False}


def test_reason_for_a_long_module_goes_when_the_module_is_short_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(architecture, "LONG_WITH_REASON", {"workflow/a.py": "a table of 350 rows"})
    plant(tmp_path, "workflow/a.py", "\n" * 350)
    assert architecture.oversized_modules(tmp_path) == []
    plant(tmp_path, "workflow/a.py", "\n" * 20)
    assert architecture.oversized_modules(tmp_path) == ["workflow/a.py has 20 lines and needs no reason"]


def test_table_of_workflow_names_each_module_once_and_none_that_is_gone() -> None:
    named = [name for names in architecture.WORKFLOW_LINES for name in names]
    assert len(named) == len(set(named))
    workflow = ROOT / "workflow"
    gone = [
        name for name in named if not (workflow / f"{name}.py").exists() and not (workflow / name).is_dir()
    ]
    assert gone == []
