"""The help pages (使用帮助): one Markdown text a role in docs/help, shown here and readable there."""

from functools import cache

import mistune
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.views.generic import View

from registry.models import Role
from workflow.views.base import StaffView

FOLDER = settings.BASE_DIR / "docs" / "help"
PICTURES = "../../static/"
"""How the texts name their pictures, so that they are seen on the repository's pages too."""

PAGES: dict[str, str] = {
    "village": "村级经办人",
    "township": "乡镇审核员",
    "district": "区级审定员",
    "supervisor": "监督员",
    "administrator": "系统管理员",
    "household": "农户",
}
PAGE_OF: dict[Role, str] = {
    Role.VILLAGE_CLERK: "village",
    Role.TOWNSHIP_REVIEWER: "township",
    Role.DISTRICT_APPROVER: "district",
    Role.SUPERVISOR: "supervisor",
    Role.ADMINISTRATOR: "administrator",
}


class Renderer(mistune.HTMLRenderer):
    """Pictures from our static files, links among the pages; any HTML in a text is shown, not obeyed."""

    def __init__(self) -> None:
        super().__init__(escape=True)

    def image(self, text: str, url: str, title: str | None = None) -> str:
        source = static(url.removeprefix(PICTURES))
        picture = f'<img class="help-picture" src="{source}" alt="{mistune.escape(text)}" loading="lazy">'
        return f'<a href="{source}">{picture}</a>'

    def link(self, text: str, url: str, title: str | None = None) -> str:
        page = url.removesuffix(".md")
        return super().link(text, reverse("help", args=[page]) if page in PAGES else url, title)


@cache
def text_of(page: str) -> SafeString:
    """A page as HTML. The texts are ours and change with the program only."""
    source = (FOLDER / f"{page}.md").read_text(encoding="utf-8")
    made = mistune.create_markdown(renderer=Renderer(), plugins=["table"])(source)
    # Written by us, and every piece of HTML in it is escaped by the renderer.
    return mark_safe(str(made))


class Help(StaffView):
    """The page of a role, and the way to the others."""

    def get(self, request: HttpRequest, page: str = "") -> HttpResponse:
        own = [PAGE_OF[role] for role in self.actor.roles]
        page = page or next(iter(own), "household")
        if page not in PAGES:
            raise Http404
        context = {"page": page, "pages": PAGES, "own": own, "text": text_of(page)}
        return render(request, "desk/help.html", context)


class PublicHelp(View):
    """The household's page, for everybody."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "public/help.html", {"text": text_of("household")})


help_page = Help.as_view()
public_help = PublicHelp.as_view()
