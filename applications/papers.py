"""Which required papers (所需材料) a case still lacks."""

from collections.abc import Sequence

from django.db.models import Exists, F, OuterRef

from applications.models import Application, Attachment, AttachmentKind, RequiredPaper


def missing(applications: Sequence[Application]) -> dict[int, list[str]]:
    """Per case the names of compulsory papers with no file: one statement for any number of cases."""
    found: dict[int, list[str]] = {application.pk: [] for application in applications}
    wanted = RequiredPaper.objects.filter(compulsory=True).annotate(case=F("programme__applications"))
    given = Attachment.objects.filter(
        application=OuterRef("case"), paper=OuterRef("pk"), kind=AttachmentKind.PAPER
    )
    lacking = wanted.filter(~Exists(given), case__in=list(found)).order_by("pk")
    for case, name in lacking.values_list("case", "name"):
        found[case].append(name)
    return found
