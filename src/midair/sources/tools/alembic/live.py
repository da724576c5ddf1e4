"""A revision that reads data runs itself, on the target, in the project's own transactions."""

from collections.abc import Mapping, Sequence

from midair.database import Guard, open_session
from midair.errors import ProgramFailed
from midair.model.address import Address
from midair.model.migration import Direction, Migration
from midair.sources.source import Options, Project
from midair.sources.tools.alembic.graph import moved
from midair.sources.tools.alembic.history import graph_of, heads_of
from midair.sources.tools.alembic.program import as_request, asked
from midair.sources.tools.alembic.project import program_for


def live(
    project: Project,
    migrations: Sequence[Migration],
    direction: Direction,
    address: Address,
    options: Options,
    bounds: Mapping[str, str],
) -> None:
    """Runs revisions up or down in one program; `bounds` are settings of its connections (`lock_timeout`). It records itself.

    Raises:
        ProgramFailed: it failed, or ended without an error and without being recorded.
        LockTimeout: the server gave up waiting for a lock; nothing of it remains if it is one transaction.
    """
    graph = graph_of(project.migrations)
    heads = _heads(project, address)
    step = graph.up if direction is Direction.UP else graph.down
    expected = heads
    for migration in migrations:
        expected = moved(expected, step(expected, migration.revision))
    asked(
        program_for(project, options),
        {
            "task": "live",
            "direction": str(direction),
            "wanted": [each.revision for each in migrations],
            "address": as_request(address),
            "bounds": dict(bounds),
        },
    )
    # Alembic can end without an error although everything was rolled back (other-tools.md §9).
    found = _heads(project, address)
    if set(found) != set(expected):
        raise ProgramFailed(
            f"{migrations[-1].span} ran without an error and is not recorded:"
            f" the version table holds {', '.join(found) or 'nothing'}",
            state="its transaction was rolled back, as Alembic does when env.py began one of its own",
            hint="let env.py leave transactions to context.begin_transaction(), then run `midair resume`",
        )


def _heads(project: Project, address: Address) -> tuple[str, ...]:
    session = open_session(address, Guard(), "midair")
    try:
        return heads_of(project.history.read(session))
    finally:
        session.close()
