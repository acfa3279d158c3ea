"""Which required papers (所需材料) a case still lacks."""

from collections import defaultdict
from collections.abc import Sequence

from applications.models import Application, Attachment, AttachmentKind, RequiredPaper


def missing(applications: Sequence[Application]) -> dict[int, list[str]]:
    """Per case the names of compulsory papers with no file: two statements for any number of cases."""
    programmes = {application.programme_id for application in applications}
    wanted: dict[int, list[RequiredPaper]] = defaultdict(list)
    for paper in RequiredPaper.objects.filter(programme__in=programmes, compulsory=True):
        wanted[paper.programme_id].append(paper)
    given: dict[int, set[int]] = defaultdict(set)
    files = Attachment.objects.filter(
        application__in=[application.pk for application in applications], kind=AttachmentKind.PAPER
    ).order_by()
    for application_id, paper_id in files.values_list("application_id", "paper_id"):
        if application_id is not None and paper_id is not None:
            given[application_id].add(paper_id)
    return {
        application.pk: [
            paper.name for paper in wanted[application.programme_id] if paper.pk not in given[application.pk]
        ]
        for application in applications
    }
