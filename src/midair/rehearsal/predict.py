"""What each statement was expected to do, told from its text and the schema before it; and where that was wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from midair.model.effects import Effects, LockLevel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from midair.database.session import Session
    from midair.model.schema import Schema
    from midair.model.statement import Statement
    from midair.model.trace import Sighting


class Forecast:
    """Follows a run statement by statement: the schema evolves by what each says, and is read anew where that is unknown."""

    def __init__(self, session: Session) -> None:
        from midair.dialects.postgresql.snapshot import snapshot

        self._session = session
        self._version = session.server_version // 10_000
        self._schema: Schema = _with_rows(snapshot(session))
        self._lost = False

    def of(self, statement: Statement) -> Effects | None:
        """Its predicted effects, `None` when nobody can tell from here; the schema moves on."""
        from midair.dialects.postgresql.changes import changes_of
        from midair.dialects.postgresql.effects import effects_of
        from midair.model import change as c

        if self._lost:
            return None
        changes = changes_of(statement.sql)
        if any(isinstance(each, (c.Opaque, c.Block)) for each in changes) or any(
            isinstance(each, c.SetSetting) and each.name in ("search_path", "role") for each in changes
        ):
            self._lost = True  # until the transaction is over and the catalog can be read again
            return None
        effects = effects_of(changes, self._schema, self._version)
        for each in changes:
            self._schema = self._schema.after(each)
        return effects

    def lose_thread(self) -> None:
        """Statements ran that were not told here."""
        self._lost = True

    def refresh(self) -> None:
        """Reads the catalog again if the thread was lost; between transactions, after which no table counts as empty."""
        from midair.dialects.postgresql.snapshot import snapshot

        if self._lost:
            self._schema, self._lost = snapshot(self._session), False
        self._schema = _with_rows(self._schema)


def disagreements(predicted: Effects, seen: Sighting) -> Iterator[tuple[str, bool]]:
    """Sentences about what differs, each with whether the prediction was too mild."""
    locks = dict(seen.locks)
    for relation, level in seen.locks:
        expected = predicted.lock_on(relation)
        if level > expected and level >= LockLevel.SHARE:
            yield f"took {level} on {relation}, and {_said(expected)} was predicted", True
    for relation in sorted(seen.rewrites - predicted.rewrites):
        yield f"rewrote {relation}, and no rewrite was predicted", True
    for relation in sorted(seen.rebuilds - predicted.rebuilds - predicted.rewrites - seen.rewrites):
        yield f"built indexes of {relation} again, and that was not predicted", True
    if seen.sampled or predicted.assumed:
        return
    for relation, level in predicted.locks:
        if level >= LockLevel.SHARE and locks.get(relation, LockLevel.NONE) < level:
            found = locks.get(relation, LockLevel.NONE)
            yield f"took {_said(found)} on {relation}, and {level} was predicted", False


def _with_rows(schema: Schema) -> Schema:
    """No table is taken for empty: the server's work on an empty one is work too, and the target's is not empty."""
    if not any(each.empty for each in schema.tables.values()):
        return schema
    return replace(schema, tables={name: replace(each, empty=False) for name, each in schema.tables.items()})


def _said(level: LockLevel) -> str:
    return "no lock" if level is LockLevel.NONE else str(level)
