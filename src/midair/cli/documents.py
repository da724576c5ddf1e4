"""The pipeline's document as the value that formats show."""

from collections.abc import Iterator

from midair.analysis.costs import READ_BYTES_S, WRITE_BYTES_S, Cost
from midair.cli.findings import check_payload
from midair.model.plan import Plan, RunStatement
from midair.pipeline.document import Document
from midair.reporting.planned import statements
from midair.reporting.report import (
    BackLine,
    DocumentMigration,
    DocumentPayload,
    DocumentStep,
    LockLine,
)
from midair.reporting.style import bytes_of
from midair.settings import Settings


def document_payload(made: Document, settings: Settings) -> DocumentPayload:
    """Everything the document says, in the order of the plan."""
    plan = made.plan
    return DocumentPayload(
        tool=plan.tool,
        database=made.checking.catalog or "the database",
        environment=settings.environment,
        strategy=plan.strategy,
        digest=plan.digest,
        before=", ".join(plan.before[-1:]) or None,
        migrations=tuple(_migrations(made)),
        steps=tuple(_steps(plan, made)),
        check=check_payload(settings, made.checking),
        back=tuple(
            BackLine(
                str(each.migration.revision),
                tuple(statement.sql for statement in each.statements),
                each.loses,
            )
            for each in made.back
        ),
        lost=made.lost,
        space=max((cost.space for cost in made.costs.values()), default=0),
        assumptions=f"Times are estimates from the tables' sizes now, at {bytes_of(READ_BYTES_S)} read and "
        f"{bytes_of(WRITE_BYTES_S)} written in a second; `midair rehearse` measures. Waiting for a lock comes on top, "
        "and is bounded: `midair apply` lets go and tries again.",
    )


def _migrations(made: Document) -> Iterator[DocumentMigration]:
    known = {each.migration.revision: each.migration for each in made.back}
    for revision in made.plan.revisions:
        migration = known[revision]
        yield DocumentMigration(str(revision), migration.description, migration.span.path)


def _steps(plan: Plan, made: Document) -> Iterator[DocumentStep]:
    number = 0
    for turn, segment in enumerate(plan.segments, 1):
        for step in segment.steps:
            number += 1
            cost = made.costs.get(step.id, Cost())
            yield DocumentStep(
                number,
                step.title,
                str(step.phase),
                f"transaction {turn}" if segment.atomic else "outside a transaction",
                statements(step),
                str(step.action.statement.span) if isinstance(step.action, RunStatement) else None,
                tuple(LockLine(table, str(level), level.blocked) for table, level in cost.locks),
                tuple(_work(cost)),
                cost.about_s,
            )


def _work(cost: Cost) -> Iterator[str]:
    for verb, tables in (
        ("reads", cost.reads),
        ("copies", cost.copies),
        ("builds indexes of", cost.rebuilds),
    ):
        yield from (f"{verb} {table}" for table in tables)
