"""Statements from programs: the project's own revisions run on a scratch database, and what they send is kept."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from midair.database import Guard, open_session
from midair.dialects.dialect import dialect_of
from midair.errors import BadSetting
from midair.model.address import Address, Product
from midair.model.migration import Block, Migration, RevisionId, Script
from midair.model.statement import Span, Statement, quoted
from midair.sources.source import Options, Project, Scratch, Scripts, Work
from midair.sources.tools.alembic.history import graph_of, heads_of
from midair.sources.tools.alembic.program import Answer, Program, answers, as_request, shown
from midair.sources.tools.alembic.project import program_for
from midair.sources.tools.alembic.revisions import row_counts
from midair.sources.tools.alembic.statements import Recording

_BOUNDS = {"lock_timeout": "20s"}  # two connections of one env.py that wait for each other must not hang


def scripts(project: Project, work: Work, scratch: Scratch, options: Options) -> Scripts:
    """What each revision sends, with the line of Python that sends it; on a scratch database at `work.applied`.

    Raises:
        ProgramFailed: env.py or a revision failed; the message has its file and line.
        Unsupported: env.py does what midair cannot follow (several databases and none chosen, connections of its own making).
        BadSetting: env.py keeps the versions in another table than the project's files say.
    """
    if not work.migrations:
        return Scripts({})
    program = program_for(project, options)
    with scratch.database(work.product) as address:
        if program.database:
            _bring_version_table(project, address)
        request = {
            "task": "capture",
            "direction": str(work.direction),
            "bring": [each.revision for each in _missing(project, work, address)],
            "wanted": [each.revision for each in work.migrations],
            "address": as_request(address),
            "bounds": _BOUNDS,
            "canaries": True,
        }
        return _listened(project, work, program, answers(program, request))


def _missing(project: Project, work: Work, address: Address) -> Sequence[Migration]:
    """The applied revisions that the scratch database does not hold yet."""
    graph = graph_of(project.migrations)
    applied = graph.ancestors(heads_of(work.applied))
    there = graph.ancestors(each for each in _held(project, address))
    return [each for each in project.migrations if each.revision in applied - there]


def _bring_version_table(project: Project, address: Address) -> None:
    """All databases of env.py become this one: two connections that both create the table would wait for each other."""
    session = open_session(address, Guard(), "midair scratch")
    try:
        session.run(project.history.create(session), atomic=True)
    finally:
        session.close()


def _held(project: Project, address: Address) -> tuple[RevisionId, ...]:
    if address.product is Product.SQLITE and not Path(address.database).exists():
        return ()
    session = open_session(address, Guard(), "midair scratch")
    try:
        return heads_of(project.history.read(session))
    finally:
        session.close()


def _listened(project: Project, work: Work, program: Program, told: Iterator[Answer]) -> Scripts:
    dialect = dialect_of(work.product)
    known = {each.revision: each for each in work.migrations}
    table = project.history.table
    done: dict[RevisionId, Script] = {}
    recording: Recording | None = None
    prologue: list[Statement] = []
    epilogue: list[Statement] = []
    for answer in told:
        match answer["kind"]:
            case "context":
                _same_table(table, answer)
            case "session":
                prologue.append(_session(answer, project))
            case "revision":
                migration = known[RevisionId(str(answer["revision"]))]
                recording = Recording(migration, project.root, dialect)
            case "over" if recording is not None:
                done[recording.migration.revision] = _judged(recording, project)
                recording = None
            case "statement" if _tools_own(answer, table):
                pass
            case "statement" if recording is None:
                (epilogue if done else prologue).extend(_around(answer, project))
            case _ if recording is not None:
                recording.hear(answer)
            case _:
                pass
    return Scripts(done, _script(prologue), _script(epilogue))


def _judged(recording: Recording, project: Project) -> Script:
    """Adds what only the file shows: that the program looks at how many rows it changed."""
    changes_rows = any(
        statement.sql.split(None, 1)[0].upper() in ("UPDATE", "DELETE", "INSERT")
        for statement, _ in recording.sent
    )
    span = recording.migration.span
    if line := row_counts(project.root / span.path):
        counts = f"counts the rows it changed at {Span(span.path, line)}"
        recording.stays_whole(counts)
        if changes_rows:
            recording.live = recording.live or counts
    return recording.script()


def _tools_own(answer: Answer, table: str) -> bool:
    """Alembic's own work on its version table: not sent from a revision, and about that table."""
    name = table.rpartition(".")[2]
    return bool(answer["unplaced"]) and any(name in str(each["sql"]) for each in answer["texts"])


def _around(answer: Answer, project: Project) -> Iterator[Statement]:
    """What env.py itself sends around the revisions; its questions to the server are left out."""
    if answer["returns"] is not None or not answer["place"]:
        return
    path, _, line = shown(answer["place"], project.root).rpartition(":")
    for text in answer["texts"]:
        if "literals" not in text and "unwritable" not in text:
            yield Statement(str(text["sql"]).strip().rstrip(";"), Span(path, int(line)))


def _session(answer: Answer, project: Project) -> Statement:
    """A setting of env.py's connections that decides what unqualified names mean."""
    span = Span(shown([project.folder / "env.py", 1], project.root).rpartition(":")[0], 1)
    setting = str(answer["setting"])
    if answer["name"] == "role":
        return Statement(f"SET ROLE {quoted(setting)}", span)
    return Statement(f"SET search_path TO {setting}", span)


def _script(statements: Sequence[Statement]) -> Script:
    return Script((Block(tuple(statements), atomic=False),)) if statements else Script()


def _same_table(table: str, answer: Answer) -> None:
    schema, name = answer["version_table_schema"], str(answer["version_table"])
    if table != (f"{schema}.{name}" if schema else name):
        raise BadSetting(
            f"env.py keeps the versions in {f'{schema}.{name}' if schema else name}, and midair looked in {table}",
            hint=f'set version_table = "{name}"'
            + (f' and version_table_schema = "{schema}"' if schema else "")
            + " under [tools.alembic] in midair.toml",
            state="nothing was changed",
        )
