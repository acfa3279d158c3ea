"""Who finds what behind each address (访问矩阵), as data; run as a module it prints docs/access.md.

The table says what should be: `permissions.py` and the scopes of the models are checked against it, never the reverse.
"""

from dataclasses import dataclass, field

PERSONS = {
    "anonymous": "nobody signed in 未登录",
    "deactivated": "deactivated 已停用",
    "unappointed": "without appointment 无任职",
    "clerk": "own village's clerk 本村经办人",
    "neighbour": "neighbour village's clerk 邻村经办人",
    "reviewer": "own township's reviewer 本乡审核员",
    "stranger": "other township's reviewer 外乡审核员",
    "approver": "district approver 区级审定员",
    "supervisor": "supervisor 监督人员",
    "administrator": "administrator 系统管理员",
}
OUTSIDE = ("anonymous", "deactivated", "unappointed", "neighbour", "stranger")
"""Those who never read the name of a household of the village, save on a public sheet."""

LOGIN, MAY, REASON, NOTHING = "login", "yes", "403", "404"
MARKS = {"?": LOGIN, "+": MAY, "!": REASON, "-": NOTHING}


@dataclass(frozen=True)
class Rule:
    """What each person finds: the page, a reason (403), nothing (404), or the login page."""

    text: str
    marks: str

    @property
    def cells(self) -> dict[str, str]:
        return {who: MARKS[mark] for who, mark in zip(PERSONS, self.marks.split(), strict=True)}


# The order of PERSONS:  anonymous, deactivated, unappointed | clerk, neighbour, reviewer, stranger | approver,
# supervisor, administrator.
PUBLIC = Rule("anybody", "+ + + + + + + + + +")
SIGNED_IN = Rule("whoever is signed in, for themselves", "? ? + + + + + + + +")
STAFF = Rule("any appointment; the page shows the person's regions only", "? ? ! + + + + + + +")
READ = Rule("any appointment over the village", "? ? ! + - + - + + +")
VILLAGE = Rule("the village's clerk", "? ? ! + - ! - ! ! !")
TOWNSHIP = Rule("the township's reviewer", "? ? ! ! - + - ! ! !")
DISTRICT = Rule("the district's approver", "? ? ! ! - ! - + ! !")
REVIEWERS = Rule("reviewers and approvers, each for the own region", "? ? ! ! ! + + + ! !")
REVIEWERS_OF_CASE = Rule("reviewers and approvers over the village", "? ? ! ! ! + - + ! !")
HANDLERS = Rule("clerk, reviewer or approver over the village", "? ? ! + - + - + ! !")
DISTRICT_OR_SUPERVISOR = Rule("the district's approver, its supervisor", "? ? ! ! - ! - + + !")
ABOVE_VILLAGE = Rule("whoever holds an appointment over a township", "? ? ! ! ! + + + + +")
OVER_TOWNSHIP = Rule("whoever holds an appointment over the township", "? ? ! ! ! + - + + +")
CLERKS = Rule("clerks, each for the own village", "? ? ! + + ! ! ! ! !")
CLERK_OF_HOUSEHOLD = Rule("the village's clerk; other roles enter nowhere", "? ? ! + - ! ! ! ! !")
ADMINISTRATOR = Rule("the administrator", "? ? ! ! ! ! ! ! ! +")
OPERATIONS = Rule("the administrator of a county or more; nobody else learns of it", "? ? - - - - - - - +")
AUDITORS = Rule("supervisors and administrators, each for the own region", "? ? ! ! ! ! ! ! + +")
ADMINISTRATOR_OF_PLACE = Rule("the administrator over the village", "? ? ! ! - ! - ! ! +")
KEEPER_OF_TIE = Rule("the administrator; not the one who declared it", "? ? ! ! ! ! ! ! ! +")
OWN = Rule("the one it is for", "? ? ! + - - - - - -")
IMPORTERS = Rule("clerks and administrators, each for the own villages", "? ? ! + + ! ! ! ! +")
LIST_OF_VILLAGE = Rule("the village's clerk (households: the administrator)", "? ? ! + - ! ! ! ! -")
LIST_OF_REGISTER = Rule("the administrator", "? ? ! - - ! ! ! ! +")
UPLOADER = Rule("the one who uploaded the list", "? ? ! + - ! ! ! ! -")
DISCLOSED = Rule("those who may know the objector", "? ? ! - - + - + - -")

ONLY_POST = None


@dataclass(frozen=True)
class Row:
    """One address, or one variant of it: whose it is and how it answers those who may, by GET and an empty POST."""

    name: str
    rule: Rule
    args: tuple[str, ...] = ()
    query: str = ""
    get: int | None = 200
    post: int | None = None
    variant: str = ""
    other: dict[str, int] = field(default_factory=dict)
    """What a signed-in person gets where that differs from the anonymous one."""

    @property
    def label(self) -> str:
        return f"{self.name} ({self.variant})" if self.variant else self.name


def act(slug: str, case: str, rule: Rule, variant: str = "") -> Row:
    """An act on a case in a state that has room for it."""
    return Row("application-act", rule, (case, f"={slug}"), post=422, variant=variant or slug)


def custody(slug: str, case: str, rule: Rule) -> Row:
    """An act on whose desk a case lies."""
    return Row("application-custody", rule, (case, f"={slug}"), post=422, variant=slug)


def step(slug: str, rule: Rule, objection: str, level: str) -> Row:
    """A step of an objection that a level handles."""
    return Row("objection-step", rule, (objection, f"={slug}"), post=422, variant=f"{slug}, {level}")


def file(what: str, rule: Rule) -> Row:
    return Row("attachment", rule, (what,), variant=what.replace("_", " "))


STEPS = ("accept", "investigate", "decide", "not-accept", "withdraw", "pass-on", "confirm", "tell")
LIST = "what={grain}&village={village}"
REGISTER = "what=households&village={village}"
ACCOUNT_ACTS = ("reset-password", "reset-factor", "end-sessions", "unlock", "reactivate")
OF_TOWNSHIP = "township={township_code}"
OF_VILLAGE = "region={village_code}&year=2021"

ROWS = (
    Row("desk", STAFF),
    Row("login", PUBLIC, post=200, other={"get": 302, "post": 302}),
    Row("help-own", STAFF),
    Row("help", STAFF, ("=township",)),
    Row("public-help", PUBLIC),
    Row("logout", PUBLIC, get=ONLY_POST, post=302),
    Row("password", SIGNED_IN, post=200),
    Row("second-factor", SIGNED_IN, post=422),
    Row("application-list", STAFF),
    Row("application-list", STAFF, query="export=1", variant="workbook"),
    Row("application-new", CLERKS, post=404),
    Row(
        "application-new",
        CLERK_OF_HOUSEHOLD,
        query="household={household}&programme={grain}",
        post=422,
        variant="household",
    ),
    Row("application-batch", STAFF, get=ONLY_POST, post=404),
    Row("application-batch-results", OWN, ("batch",)),
    Row("application-detail", READ, ("displayed",)),
    Row("application-amend", VILLAGE, ("draft",), post=422),
    Row("application-attach", VILLAGE, ("draft",), post=422),
    Row("application-faults", VILLAGE, ("returned",), post=422),
    Row("application-slip", READ, ("declared",)),
    Row("case-diagram", READ, ("displayed",)),
    Row("flow-bpmn", STAFF),
    Row("application-form", READ, ("draft",)),
    Row("application-form-document", READ, ("displayed",)),
    Row("letter", READ, ("returned", "return")),
    Row("letter-document", READ, ("returned", "return")),
    Row("township-roll", ABOVE_VILLAGE),
    Row("township-roll", OVER_TOWNSHIP, query=OF_TOWNSHIP, variant="of the township"),
    Row("township-roll-document", OVER_TOWNSHIP, query=OF_TOWNSHIP, variant="of the township"),
    Row("visit-new", VILLAGE, ("declared",), post=422),
    act("submit", "draft", VILLAGE),
    act("discard", "draft", VILLAGE),
    act("withdraw", "declared", VILLAGE),
    act("resubmit", "returned", VILLAGE),
    act("lapse", "returned", VILLAGE),
    act("take_back", "passed", VILLAGE),
    act("correct", "displayed", VILLAGE),
    act("pass", "declared", VILLAGE, "pass, village"),
    act("pass", "at_township", TOWNSHIP, "pass, township"),
    act("pass", "at_district", DISTRICT, "pass, district"),
    act("send_back", "declared", VILLAGE, "send_back, village"),
    act("send_back", "at_township", TOWNSHIP, "send_back, township"),
    act("send_back", "at_district", DISTRICT, "send_back, district"),
    act("reject", "declared", VILLAGE, "reject, village"),
    act("reject", "at_township", TOWNSHIP, "reject, township"),
    act("reject", "at_district", DISTRICT, "reject, district"),
    act("return_to_township", "at_district", DISTRICT),
    act("stop", "approved", DISTRICT),
    act("revoke", "announced", DISTRICT),
    custody("take", "at_township", TOWNSHIP),
    custody("give_back", "taken", VILLAGE),
    custody("hand_over", "at_township", TOWNSHIP),
    custody("urge", "at_township", VILLAGE),
    Row("review", REVIEWERS, post=404),
    Row("review", REVIEWERS_OF_CASE, query="case={at_township}", post=404, variant="one case"),
    Row("decision-list", STAFF),
    Row("decision-list", STAFF, query="export=1", variant="workbook"),
    Row("programme-list", STAFF),
    Row("programme-new", ADMINISTRATOR, post=422),
    Row("programme-detail", STAFF, ("travel",)),
    Row("programme-edit", ADMINISTRATOR, ("travel",), post=422),
    Row("programme-revise", ADMINISTRATOR, ("travel",), post=422),
    Row("declaration-list", CLERKS, post=422),
    Row("meeting-list", STAFF),
    Row("meeting-new", VILLAGE, ("village",), post=422),
    Row("meeting-detail", READ, ("meeting",)),
    Row("posting-list", STAFF),
    Row("posting-list", STAFF, query="tab=closed&export=1", variant="workbook"),
    Row("posting-new", STAFF, get=404, post=404),
    Row(
        "posting-new",
        VILLAGE,
        query="kind=village&region={village}&programme={grain}",
        post=422,
        variant="of the village",
    ),
    Row("posting-display", STAFF, get=302, post=404),
    Row("posting-display", VILLAGE, query="ids={sheet_draft}", post=422, variant="of the village"),
    Row("posting-detail", READ, ("sheet",)),
    Row("posting-print", READ, ("sheet",)),
    Row("posting-document", READ, ("sheet",)),
    Row("posting-take-down", VILLAGE, ("sheet",), post=422),
    Row("posting-end-photo", VILLAGE, ("sheet",), post=422),
    Row("posting-excuse", HANDLERS, ("sheet_closed",), post=422),
    Row("posting-certificate", READ, ("sheet_closed",)),
    Row("posting-discard", VILLAGE, ("sheet_draft",), post=422),
    Row("announcement-items", DISTRICT, ("announcement",), post=422),
    Row("announcement-publish", DISTRICT, ("announcement",), post=422),
    Row("announcement-comparison", DISTRICT_OR_SUPERVISOR, ("announcement",)),
    Row("wording-list", ADMINISTRATOR),
    Row("wording-change", ADMINISTRATOR, ("=village",), post=422),
    Row("message-wording-change", ADMINISTRATOR, ("=home_rejected",), post=422),
    Row("objection-list", STAFF),
    Row("objection-list", STAFF, query="tab=all&export=1", variant="workbook"),
    Row("objection-new", HANDLERS, ("entry",), post=422),
    Row("objection-detail", READ, ("objection",)),
    Row("objection-appeal", HANDLERS, ("objection",), post=422),
    Row("objector-shown", HANDLERS, ("objection",), post=422),
    Row("objection-slip", VILLAGE, ("objection",), variant="written down by the clerk"),
    Row("objection-reply", TOWNSHIP, ("objection_answered",), variant="handled by the township"),
    *(step(slug, VILLAGE, "objection", "village") for slug in STEPS),
    *(step(slug, TOWNSHIP, "objection_to_cadre", "township") for slug in STEPS),
    Row("overdue-list", STAFF),
    Row("household-list", STAFF),
    Row("household-list", STAFF, query="export=1", variant="workbook"),
    Row("household-detail", READ, ("household",)),
    Row("household-roster", STAFF, post=422),
    Row("household-numbers", HANDLERS, ("household",), post=422),
    Row("household-correct", ADMINISTRATOR_OF_PLACE, ("household",), post=422),
    Row("household-head", ADMINISTRATOR_OF_PLACE, ("household",), post=422),
    Row("member-add", ADMINISTRATOR_OF_PLACE, ("household",), post=422),
    Row("member-correct", ADMINISTRATOR_OF_PLACE, ("household", "member"), post=422),
    Row("household-remove", ADMINISTRATOR_OF_PLACE, ("household",), post=422),
    Row("disclosure-list", AUDITORS),
    Row("holiday-list", STAFF),
    Row("holiday-enter", ADMINISTRATOR, post=422),
    Row("holiday-template", STAFF),
    Row("holiday-year", STAFF, ("=2021",)),
    Row("import-list", IMPORTERS, post=404),
    Row("import-list", LIST_OF_VILLAGE, query=LIST, post=422, variant="of the village"),
    Row("import-list", LIST_OF_REGISTER, query=REGISTER, post=422, variant="of the register"),
    Row("import-template", LIST_OF_VILLAGE, query=LIST, variant="of the village"),
    Row("import-template", LIST_OF_REGISTER, query=REGISTER, variant="of the register"),
    Row("import-detail", UPLOADER, ("list",), post=422),
    Row("import-faults", UPLOADER, ("list",)),
    Row("summary", STAFF),
    Row("summary", READ, query=OF_VILLAGE, variant="of the village"),
    Row("summary-rows", READ, ("=industry",), query=OF_VILLAGE, variant="of the village"),
    Row("statistics", STAFF),
    Row("statistics", READ, query=OF_VILLAGE, variant="of the village"),
    Row("message-unread", PUBLIC),
    Row("message-list", STAFF, post=302),
    Row("message-settings", STAFF, post=422),
    Row("message-read", OWN, ("message",), get=ONLY_POST, post=302),
    Row("slip-list", STAFF, post=302),
    Row("slip-print", OWN, ("slip",)),
    Row("operations", OPERATIONS),
    Row("operations-resend", OPERATIONS, get=ONLY_POST, post=302),
    Row("operations-again", OPERATIONS, get=ONLY_POST, post=302),
    Row("account-list", OPERATIONS),
    Row("account-own", STAFF),
    Row("account-import", OPERATIONS, post=422),
    Row("account-template", OPERATIONS),
    Row("interest-own", STAFF, post=422),
    Row("account-interests", OPERATIONS, ("account",), post=422),
    Row("interest-list", AUDITORS),
    Row("interest-withdraw", KEEPER_OF_TIE, ("tie",), post=422),
    Row("account-detail", OPERATIONS, ("account",)),
    Row("account-leave", OPERATIONS, ("account",), post=422),
    *(
        Row("account-act", OPERATIONS, ("account", f"={slug}"), post=422, variant=slug)
        for slug in ACCOUNT_ACTS
    ),
    Row("healthz", PUBLIC),
    Row("readyz", PUBLIC, get=503, variant="no worker has been heard of"),
    file("paper_of_case", READ),
    file("paper_of_meeting", READ),
    file("photo_of_sheet", READ),
    file("photo_of_objector", DISCLOSED),
    Row("public-board", PUBLIC),
    Row("public-announcements", PUBLIC),
    Row("public-statistics", PUBLIC),
    Row("public-progress", PUBLIC, post=422),
    Row("public-sheet", PUBLIC, ("sheet",)),
    Row("public-objection", PUBLIC, ("entry",), post=422),
    Row("public-receipt", PUBLIC, post=422),
    Row("public-appeal", PUBLIC, get=ONLY_POST, post=200),
    Row("elder-mode", PUBLIC, get=302),
)


def document() -> str:
    """The table as the text of docs/access.md."""
    lines = [
        "# Who may do what 访问权限表",
        "",
        "Written by `python -m tests.workflow.views.access > docs/access.md`; `tests/workflow/views/test_access.py`",
        "asks every cell of the running pages.",
        "",
        f"- **{MAY}**: the page opens, the act is open to the person. The law of the case (state, open objections,",
        "  separation of duties) may still refuse the act itself.",
        f"- **{REASON}**: refused with a sentence that says whose act it is.",
        f"- **{NOTHING}**: outside the person's region, or nothing of the kind: not found, without a trace of it.",
        f"- **{LOGIN}**: sent to the login page.",
        "",
        "The things asked for belong to one village; the neighbour village lies in the same township, the other",
        "township in the same district. Pages of many things are open to all appointed persons and hold only what",
        "lies in their regions.",
        "",
        "| page or act | GET/POST | whose | " + " | ".join(PERSONS.values()) + " |",
        "|---" * (3 + len(PERSONS)) + "|",
    ]
    for row in ROWS:
        ways = "/".join(way for way, has in (("GET", row.get), ("POST", row.post)) if has is not None)
        cells = " | ".join(row.rule.cells.values())
        lines.append(f"| {row.label} | {ways} | {row.rule.text} | {cells} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(document(), end="")
