"""What is written into the history by hand's order: sums accepted as they are now, and a name for the newest row."""

from collections.abc import Sequence

from midair.database.session import Session
from midair.errors import NothingHere
from midair.model.migration import Applied, State
from midair.model.statement import Sql
from midair.sources.source import Project
from midair.sources.tools.liquibase.compare import judge
from midair.sources.tools.liquibase.history import revision_of_row
from midair.sources.tools.liquibase.project import liquibase_project
from midair.sources.tools.liquibase.table import rows_of


def repair(session: Session, project: Project, applied: Sequence[Applied]) -> tuple[tuple[str, Sql], ...]:
    """Accepts edited changesets and fills empty sums: what clear-checksums and the next update come to."""
    ours = liquibase_project(project)
    changed = {each.revision for each in judge(project, applied) if each.state is State.CHANGED}
    mended: list[tuple[str, Sql]] = []
    for row in rows_of(session, ours.decisions.tables):
        changeset = ours.changesets.get(revision_of_row(row))
        if changeset is None:
            continue
        if row.checksum is None:
            mended.append((f"checksum of {changeset.key} filled in", ours.keeping.resummed(row, changeset)))
        elif revision_of_row(row) in changed:
            mended.append((f"{changeset.key} accepted as it is now", ours.keeping.resummed(row, changeset)))
    return tuple(mended)


def tag(session: Session, project: Project, name: str) -> tuple[Sql, ...]:
    """Names the newest row.

    Raises:
        NothingHere: nothing is applied, so there is no row to name.
    """
    tables = liquibase_project(project).decisions.tables
    rows = rows_of(session, tables)
    if not rows:
        raise NothingHere(
            "nothing is applied yet, so there is nothing to tag",
            state="nothing was changed",
            hint="run `midair apply` first",
        )
    text = f"UPDATE {tables.history} SET TAG = %s WHERE ID = %s AND AUTHOR = %s AND FILENAME = %s"
    return (Sql(text, (name, rows[-1].id, rows[-1].author, rows[-1].filename)),)
