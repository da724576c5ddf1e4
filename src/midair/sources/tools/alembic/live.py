"""A revision that reads data runs itself, on the target, in the project's own transactions."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from midair.database import Guard, open_session
from midair.dialects.dialect import dialect_of
from midair.errors import ProgramFailed
from midair.model.address import Address, Product
from midair.model.migration import Direction, Migration
from midair.model.statement import Span
from midair.sources.source import LiveRun, Project, Sent, Turn, Watch
from midair.sources.tools.alembic.graph import moved
from midair.sources.tools.alembic.history import graph_of, heads_of
from midair.sources.tools.alembic.program import Answer, as_request, asked, conversed, shown
from midair.sources.tools.alembic.project import program_for
from midair.sources.tools.alembic.statements import cut_text, whole_text


def live(run: LiveRun) -> None:
    """Runs revisions up or down in one program, which records itself.

    Raises:
        ProgramFailed: it failed, or ended without an error and without being recorded.
        LockTimeout: the server gave up waiting for a lock; nothing of it remains if it is one transaction.
    """
    project, migrations, address = run.project, run.migrations, run.address
    graph = graph_of(project.migrations)
    heads = _heads(project, address)
    step = graph.up if run.direction is Direction.UP else graph.down
    expected = heads
    for migration in migrations:
        expected = moved(expected, step(expected, migration.revision))
    program = program_for(project, run.options)
    request = {
        "task": "live",
        "direction": str(run.direction),
        "wanted": [each.revision for each in migrations],
        "address": as_request(address),
        "bounds": dict(run.bounds),
        "watched": run.watch is not None,
        "only_judged": run.only_judged,
    }
    if run.watch is None:
        asked(program, request)
    else:
        conversed(program, request, Replies(project.root, run.watch, migrations[-1]).to)
    # Alembic can end without an error although everything was rolled back (other-tools.md §9).
    found = _heads(project, address)
    if set(found) != set(expected):
        raise ProgramFailed(
            f"{migrations[-1].span} ran without an error and is not recorded:"
            f" the version table holds {', '.join(found) or 'nothing'}",
            state="its transaction was rolled back, as Alembic does when env.py began one of its own",
            hint="let env.py leave transactions to context.begin_transaction(), then run `midair resume`",
        )


class Replies:
    """What is said to a worker that asks."""

    def __init__(self, root: Path, watch: Watch, migration: Migration) -> None:
        self._root, self._watch, self._migration = root, watch, migration

    def to(self, answer: Answer) -> Iterator[Mapping[str, object]]:
        """The replies to one of its lines, made one after the other."""
        match answer["kind"]:
            case "ask":
                yield from self._turn(answer)
            case "committed":
                self._watch.run_apart()
                yield {"do": "skip"}
            case "recording":
                self._watch.over()
                yield {"do": "send"}
            case "committing":
                yield {"sql": self._watch.records()}
            case "stays":
                self._watch.stays(str(answer["reason"]))
            case _:
                pass

    def _turn(self, answer: Answer) -> Iterator[Mapping[str, object]]:
        sent = self._sent(answer)
        match self._watch.turn(sent):
            case Turn.SEND:
                yield {"do": "send"}
            case Turn.SKIP:
                yield {"do": "skip"}
            case Turn.READ:
                yield {"do": "read", "table": self._watch.rows()}
            case Turn.KEEP:
                yield {"do": "keep", "table": self._watch.rows(), "sql": sent.statements[0].sql}
            case Turn.APART if sent.outside:
                self._watch.run_apart()
                yield {"do": "skip"}
            case Turn.APART:
                yield {"do": "commit", "sql": self._watch.records()}

    def _sent(self, answer: Answer) -> Sent:
        dialect = dialect_of(Product.POSTGRESQL)
        texts = [whole_text(each, Product.POSTGRESQL) for each in answer["texts"]]
        known = [text for text in texts if text is not None]
        if len(known) < len(texts):
            self._watch.stays("sends values that midair cannot write as SQL")
            known = [str(each["sql"]) for each in answer["texts"]]
        span = self._migration.span
        if answer["place"]:
            path, _, line = shown(answer["place"], self._root).rpartition(":")
            span = Span(path, int(line))
        statements = tuple(each for text in known for each in cut_text(text, span, dialect))
        query = len(statements) == 1 and dialect.reads(statements[0].sql) is not None
        return Sent(statements, "\n;\n".join(known), query, bool(answer["outside"]))


def _heads(project: Project, address: Address) -> tuple[str, ...]:
    session = open_session(address, Guard(), "midair")
    try:
        return heads_of(project.history.read(session))
    finally:
        session.close()
