"""The tool's own lock gets in the way of the concurrent build that it runs.

A concurrent build waits for every session that still sees the table as it was. Flyway keeps its lock in a transaction of
a second session, whose last query is never closed: the build waits for it, and Flyway for the build, for ever.
golang-migrate waits for its lock inside a statement: a second `migrate` that starts meanwhile and the build wait for
each other, the server ends one of them, and when it is the build an invalid index stays behind.

Said once, at the first such statement.

## Fine when

midair runs it: it asks for the tool's lock again and again instead of waiting inside a statement, and keeps no
transaction open. For Flyway also when `postgresql.transactional.lock` is false where this project's files do not say
so, or Flyway is older than 9.1.2.

Source: Flyway, "PostgreSQL transactional lock"; golang-migrate issue 960; both measured on 15.
"""

from collections.abc import Iterator

from midair.analysis.context import Act, Line
from midair.analysis.rule import Concern, rule
from midair.analysis.wording import counted
from midair.model.change import CreateIndex, DetachPartition, DropIndex, Reindex
from midair.model.finding import Remedy, Risk


@rule("MA523", "advisory-lock-blocks-concurrent-build", Risk.MEDIUM, Line, recipe="R1")
def advisory_lock_blocks_concurrent_build(line: Line, version: int | None) -> Iterator[Concern]:
    waiting = [act for story in line.stories for act in story.acts if _waits(act)]
    if not waiting:
        return
    more = f"; {counted(len(waiting) - 1, 'more statement')} like it" if len(waiting) > 1 else ""
    match line.options.tool:
        case "flyway" if line.options.tool_settings.get("postgresql.transactional.lock") != "false":
            message = "Flyway holds its lock in an open transaction, for which this waits without end"
            remedy = Remedy(
                "let Flyway hold its lock outside a transaction, or let midair apply it",
                write=("flyway.postgresql.transactional.lock=false",),
                commands=("midair apply",),
            )
        case "golang-migrate":
            message = "a second migrate that starts while this runs waits for the lock inside a statement: a deadlock"
            remedy = Remedy(
                "see to it that only one starts at a time, or let midair apply it", commands=("midair apply",)
            )
        case _:
            return
    first = waiting[0].statement
    yield Concern(message + more, remedy, span=first.span, sql=first.sql)


def _waits(act: Act) -> bool:
    """It waits for other sessions' snapshots to go."""
    return any(
        isinstance(each, CreateIndex | DropIndex | Reindex | DetachPartition) and each.concurrently
        for each in act.changes
    )
