"""The SQL of columns filled from another table's rows, which triggers keep in step: both rows are locked while a value is copied.

A row's new value is the other row's as it is once both are locked: the server looks at the newest version of every row that
it locks, and only of those (PostgreSQL manual, "Explicit Locking" and "Read Committed").
"""

from collections.abc import Sequence

from midair.model.backfill import KeyColumn
from midair.model.frozen import frozen


@frozen
class Carry:
    """`spot` gets `columns` of `home`'s row, where `keys` are equal. Pairs are a column of `spot` and `home`'s; walked by `key`."""

    spot: str
    home: str
    key: tuple[KeyColumn, ...]
    keys: tuple[tuple[str, str], ...]
    columns: tuple[tuple[str, str], ...]

    @property
    def _same(self) -> str:
        return " AND ".join(f"home.{own} = source.{name}" for name, own in self.keys)

    @property
    def _differs(self) -> str:
        return differs(
            [f"source.{name}" for name, _ in self.columns], [f"home.{own}" for _, own in self.columns]
        )

    @property
    def call(self) -> None:
        """No row is refused."""

    def todo(self, *, near: bool) -> str:
        """The condition of a row that does not have the value yet."""
        return f"EXISTS (SELECT FROM {self.home} AS home WHERE {self._same} AND {self._differs})"

    def locked(self, condition: str, todo: str, *, alone: bool, wait: str) -> str:
        """SELECT of the rows and their values, as they are in what it locks; the home's first, as every writer does."""
        keys = ", ".join(f"source.{each.name}" for each in self.key)
        values = ", ".join(
            f"home.{own} AS midair_{number}" for number, (_, own) in enumerate(self.columns, 1)
        )
        return (
            f"SELECT {keys}, {values} FROM {self.spot} AS source JOIN {self.home} AS home ON {self._same}"
            f" WHERE {condition} AND {self._differs} FOR NO KEY UPDATE OF home, source{wait}"
        )

    def changed(self, *, alone: bool) -> str:
        """The common table expression that fills `midair_locked` and gives the keys of what is filled."""
        sets = ", ".join(
            f"{name} = found.midair_{number}" for number, (name, _) in enumerate(self.columns, 1)
        )
        same = " AND ".join(f"there.{each.name} = found.{each.name}" for each in self.key)
        keys = ", ".join(f"there.{each.name}" for each in self.key)
        return (
            f"midair_changed AS (UPDATE {self.spot} AS there SET {sets} FROM midair_locked AS found WHERE {same}"
            f" RETURNING {keys}, true AS copied)"
        )


def differs(some: Sequence[str], others: Sequence[str]) -> str:
    """The condition that they are not the same, byte for byte."""
    return f"ROW({', '.join(some)})::record OPERATOR(pg_catalog.*<>) ROW({', '.join(others)})::record"
