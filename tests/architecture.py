"""The rules of the house that a syntax tree can show. Each rule reads a tree and answers with what it found, in words."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

APPS = ["registry", "applications", "notifications", "workflow"]  # each may import those before it
CODE = [*APPS, "config", "bin", "tests"]

# Inside workflow a module may import those of the lines above it, never its neighbours or those below.
WORKFLOW_LINES = [
    ["demo_accounts", "json_rows", "results", "steps"],
    ["models"],
    [
        "calendar",
        "declarations",
        "flows",
        "numbers",
        "permissions",
        "receipts",
        "setbacks",
        "signs",
        "spreadsheets",
        "standings",
        "summaries",
        "workbooks",
    ],
    [
        "checks",
        "consistency",
        "deadlines",
        "diagram",
        "disclosures",
        "doubts",
        "engine",
        "health",
        "photos",
        "reuse",
        "rolls",
        "statistics",
        "wordings",
        "worklists",
    ],
    ["certificates", "lists", "notices", "overdue", "returns", "sheets", "supplements"],
    ["proceedings"],
    ["complaints", "desks", "drafts", "entering", "household_sheet", "letters", "records", "releases"],
    [
        "claim_rows",
        "closings",
        "comparison",
        "corrections",
        "displays",
        "paper_forms",
        "pending",
        "recounts",
        "register_lines",
        "remedies",
    ],
    ["accounts", "arrears", "household_rows", "pending_changes"],
    [
        "announcements",
        "appeals",
        "custody",
        "departures",
        "fieldwork",
        "holidays",
        "imports",
        "intake",
        "interests",
        "mending",
        "objections",
        "postings",
        "programmes",
        "register",
        "reminders",
        "removals",
        "reviews",
        "staff",
    ],
    ["forms", "installation", "seals", "sweeps"],
    ["tasks", "township"],
    ["admin", "demo", "views"],
    ["management"],
    ["apps", "urls"],
]

JUNK_DRAWERS = {"utils", "helpers", "services", "common", "misc", "manager", "data", "info"}

LONGEST, LONG = 400, 300
# Over 300 lines only with its reason here.
LONG_WITH_REASON = {
    "config/settings.py": "one page of settings, read from top to bottom; most lines give their reason",
    "workflow/engine.py": "the only code that writes a state or a task, so all of it stands together",
    "workflow/intake.py": "everything the village does with a paper form before it is handed in, on one Form",
    "workflow/objections.py": "six steps of one handling under the same two locks; what follows for the case is split off",
    "workflow/models/postings.py": "a sheet, its entries, its act of display and its photos freeze together",
    "workflow/views/drafting.py": "the picker and the draft are one page: groups, heaps and the exact sheet beside them",
    "workflow/reviews.py": "nine short acts of the same three reviewers, told apart by their refusals only",
}

DOORS = {
    "django_fsm": r"applications/(models/|models\.py|machine)|workflow/models(/|\.py)",
    # The picture is laid out by Viewflow, and coloured by us.
    "viewflow": r"workflow/(models/|models\.py|flows\.py|engine\.py|admin\.py|diagram\.py)",
    "celery": r"(\w+/)*tasks\.py|notifications/outbox\.py|config/celery\.py",
    "kombu": r"(\w+/)*tasks\.py|notifications/outbox\.py|config/celery\.py",
    # Views, tasks and commands read the clock; the middleware and the admin stand where a view would, and Viewflow
    # asks a flow for a permission without telling it the day.
    "registry.clock": r"workflow/views/.*|(\w+/)*tasks\.py|\w+/management/commands/\w+\.py"
    r"|registry/(middleware|sessions|throttle|lockout|context|admin|checks|demo)\.py|workflow/flows\.py",
    # A verb never sees a request, a form or a template.
    "django.http": r"workflow/views/.*|\w+/(admin|middleware|sessions|factor|lockout|context|upload_limits)\.py",
    "django.forms": r"workflow/(views|forms)/.*|\w+/admin\.py",
    "django.shortcuts": r"workflow/views/.*|registry/upload_limits\.py",
    "django.contrib.messages": r"workflow/views/.*|\w+/admin\.py",
}


@dataclass(frozen=True)
class Module:
    """A Python file: its place in the tree and its syntax."""

    path: str
    text: str

    @cached_property
    def syntax(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def is_package(self) -> bool:
        return self.path.endswith("/__init__.py")

    @property
    def name(self) -> str:
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def app(self) -> str:
        return self.path.split("/")[0]

    def imports(self) -> Iterator[tuple[int, str]]:
        """Every imported name in full, `from a import b` as both `a` and `a.b`; type-checking imports left out."""
        for node in self.nodes():
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                package = self.name.split(".")
                parents = package[: len(package) - node.level + self.is_package] if node.level else []
                base = ".".join([*parents, *([node.module] if node.module else [])])
                yield node.lineno, base
                yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)

    def nodes(self) -> Iterator[ast.AST]:
        """All nodes but those under `if TYPE_CHECKING:`, which never run."""
        waiting: list[ast.AST] = [self.syntax]
        while waiting:
            node = waiting.pop()
            yield node
            if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
                waiting += node.orelse
            else:
                waiting += ast.iter_child_nodes(node)


def modules(root: Path, *folders: str) -> list[Module]:
    """The modules in the folders, migrations left out: Django writes them."""
    found = []
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            place = path.relative_to(root).as_posix()
            if "/migrations/" not in place:
                found.append(Module(place, path.read_text(encoding="utf-8")))
    return found


def is_within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def upward_imports(root: Path) -> list[str]:
    """Imports go down the line workflow → notifications → applications → registry; nobody imports config."""
    found = set()
    for module in modules(root, *APPS):
        above = [*APPS[APPS.index(module.app) + 1 :], "config", "tests"]
        for line, name in module.imports():
            found |= {f"{module.path}:{line} imports {app}" for app in above if is_within(name, app)}
    return sorted(found)


def workflow_disorder(root: Path) -> list[str]:
    """Inside workflow imports go up the table's lines only, and every module stands in the table."""
    line_of = {name: number for number, names in enumerate(WORKFLOW_LINES) for name in names}
    found = set()
    for module in modules(root, "workflow"):
        if module.name == "workflow":
            continue
        own = module.name.split(".")[1]
        if own not in line_of:
            found.add(f"{module.path} has no place in the table")
            continue
        for line, name in module.imports():
            parts = name.split(".")
            other = parts[1] if parts[0] == "workflow" and len(parts) > 1 else own
            if other != own and other in line_of and line_of[other] >= line_of[own]:
                found.add(f"{module.path}:{line} imports workflow.{other}")
    return sorted(found)


def hidden_imports(root: Path) -> list[str]:
    """No import inside a function; only an AppConfig's ready() may, since models do not exist before it runs."""
    found = []
    for module in modules(root, *APPS, "config"):
        for function in module.nodes():
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if module.path.endswith("/apps.py") and function.name == "ready":
                continue
            found += [
                f"{module.path}:{node.lineno} imports inside {function.name}"
                for node in ast.walk(function)
                if isinstance(node, ast.Import | ast.ImportFrom)
            ]
    return sorted(found)


def oversized_modules(root: Path) -> list[str]:
    """No module over 400 lines; code over 300 only with a reason, and no reason that is no longer needed."""
    found = []
    for module in modules(root, *CODE):
        lines = len(module.text.splitlines())
        if lines > LONGEST:
            found.append(f"{module.path} has {lines} lines")
        elif lines > LONG and module.app != "tests" and module.path not in LONG_WITH_REASON:
            found.append(f"{module.path} has {lines} lines and no reason")
        elif lines <= LONG and module.path in LONG_WITH_REASON:
            found.append(f"{module.path} has {lines} lines and needs no reason")
    return found


def junk_drawers(root: Path) -> list[str]:
    """No module or package whose name says nothing of what is inside."""
    return [
        f"{module.path} is a junk drawer"
        for module in modules(root, *CODE)
        if JUNK_DRAWERS & set(module.name.split("."))
    ]


def closed_doors(root: Path) -> list[str]:
    """The libraries that shape the system, and the clock, are imported where the table says and nowhere else."""
    found = set()
    for module in modules(root, *APPS, "config"):
        for line, name in module.imports():
            for package, allowed in DOORS.items():
                if is_within(name, package) and not re.match(rf"({allowed})", module.path):
                    found.add(f"{module.path}:{line} imports {package}")
    return sorted(found)


def clock_readings(root: Path) -> list[str]:
    """Nobody reads the machine's clock but registry/clock.py: no now(), no today(), no auto_now.

    The health page compares the machine's clock with the database's.
    """
    found = set()
    for module in modules(root, *APPS, "config"):
        if module.path in ("registry/clock.py", "workflow/health.py"):
            continue
        for node in module.nodes():
            if (reading := _clock_reading(node)) is not None:
                found.add(f"{module.path}:{node.lineno} reads {reading}")  # type: ignore[attr-defined]
        found |= {
            f"{module.path}:{line} imports {name}"
            for line, name in module.imports()
            if re.fullmatch(r"django\.utils\.timezone\.now|time\.time(_ns)?", name)
        }
    return sorted(found)


def _clock_reading(node: ast.AST) -> str | None:
    """How the node reads the clock: named even without a call, since `default=timezone.now` reads it later."""
    if isinstance(node, ast.Attribute):
        owner = ast.unparse(node.value).split(".")[-1]
        if (owner, node.attr) in {("time", "time"), ("time", "time_ns"), ("timezone", "now")}:
            return f"{owner}.{node.attr}"
        if owner in {"datetime", "date"} and node.attr in {"now", "utcnow", "today"}:
            return f"{owner}.{node.attr}"
    if isinstance(node, ast.Call) and not node.args and not node.keywords:
        name = ast.unparse(node.func).split(".")[-1]
        return name if name in {"localdate", "localtime"} else None
    if isinstance(node, ast.keyword) and node.arg in {"auto_now", "auto_now_add"}:
        return node.arg
    return None


def distant_tasks(root: Path) -> list[str]:
    """No task with an ETA or a countdown: past a broker's visibility timeout it runs again and again."""
    return [
        f"{module.path}:{node.lineno} sets {node.arg}"
        for module in modules(root, *APPS, "config")
        for node in module.nodes()
        if isinstance(node, ast.keyword) and node.arg in {"eta", "countdown"}
    ]


INLINE = {
    "style attribute": re.compile(r"[\s\"'}]style\s*=", re.IGNORECASE),
    "style element": re.compile(r"<style\b", re.IGNORECASE),
    "script without src": re.compile(r"<script\b(?![^>]*\ssrc\s*=)", re.IGNORECASE),
    "event attribute": re.compile(r"[\s\"'}]on[a-z]+\s*=\s*[\"']", re.IGNORECASE),
    "hx-on": re.compile(r"\bhx-on\b", re.IGNORECASE),
    "javascript: address": re.compile(r"[\"']\s*javascript:", re.IGNORECASE),
}


def inline_code(root: Path) -> list[str]:
    """No inline style or script in a template: the content security policy refuses it."""
    folders = [root / "templates", *(root / app / "templates" for app in APPS)]
    found = []
    for path in sorted(path for folder in folders for path in folder.rglob("*.html")):
        text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"))
        for what, pattern in INLINE.items():
            for hit in pattern.finditer(text):
                line = text.count("\n", 0, hit.start() + 1) + 1
                found.append(f"{path.relative_to(root).as_posix()}:{line} has a {what}")
    return found
