"""Columns moved to another table: the old ones stay the home, the new ones follow them, and what is written there is carried home.

Two rows of two tables hold one datum, so whoever writes it needs both, and all must ask for them in one order: the home's row
first. The old version's writes do, and the trigger goes on to the other table. The new version's would lock the other
table's row first; it therefore works through a view, whose condition locks the home's row while a statement that sets
a moved column looks for its rows. Nothing but that: the statement itself is the server's own, on the table behind the view.
"""

from collections.abc import Iterable

from midair.dialects.postgresql.batch_moves import differs
from midair.dialects.postgresql.changes.names import identifier
from midair.model.frozen import frozen, replace
from midair.rewriting.names import raw, raw_path, temporary
from midair.rewriting.syncing import (
    MARKED,
    SETTINGS,
    literal,
)

_FIRST = "midair.first"
"""The table of which a statement that runs just now sets a moved column."""
_OMITTED = "midair.omitted"
"""The moved columns that the row which is being inserted leaves out, as numbers between slashes."""
_CARRIES = "midair.carries"
"""On while the new version's value is carried home: what the mirror would bring back is there already."""


@frozen
class MovedColumn:
    """One column: its name and type in the target, the home's, the statement that adds it and its author's default (or empty).

    `required`: it may not be NULL. What an INSERT leaves out has then the default where the home has no value.
    """

    name: str
    own: str
    type: str
    added: str
    default: str
    required: bool


@frozen
class Spots:
    """Where the parts are: the home, the target, the keys of rows that arrived in it, and the functions. `omitted` has one a column."""

    home: str
    target: str
    arrived: str
    following: str
    fetching: str
    carrying: str
    marking: str
    locking: str
    omitted: tuple[str, ...]


@frozen
class Move:
    """`name` is the target's as the application says it. `keys` are pairs, a column of the target and the home's unique one,
    `key_types` and `home_key_types` their types.
    """

    name: str
    spots: Spots
    keys: tuple[tuple[str, str], ...]
    key_types: tuple[str, ...]
    home_key_types: tuple[str, ...]
    columns: tuple[MovedColumn, ...]
    row_trigger: str

    @property
    def values(self) -> tuple[tuple[str, str], ...]:
        """Pairs of a moved column in the target and in its home."""
        return tuple((each.name, each.own) for each in self.columns)

    # --- the functions

    def functions(self, tag: str = "midair") -> tuple[str, ...]:
        """CREATE FUNCTION of everything that names the target: made again when that has another name."""
        return (self._following(tag), self._fetching(tag), self._carrying(tag), self._marking(tag))

    def fixed_functions(self, tag: str = "midair") -> tuple[str, ...]:
        """CREATE FUNCTION of the rest: what a default calls, and what the view's condition does."""
        same = " AND ".join(f"home.{own} = ${number}" for number, (_, own) in enumerate(self.keys, 1))
        lock = (
            f"CREATE OR REPLACE FUNCTION {self.spots.locking}({', '.join(self.key_types)}) RETURNS boolean LANGUAGE plpgsql"
            f" VOLATILE PARALLEL RESTRICTED COST 10000 SECURITY DEFINER {_SET} AS ${tag}$ BEGIN"
            f" PERFORM FROM {self.spots.home} AS home WHERE {same} FOR NO KEY UPDATE; RETURN true; END ${tag}$"
        )
        left_out = (
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS {column.type} LANGUAGE plpgsql VOLATILE AS ${tag}$ BEGIN"
            f" PERFORM set_config('{_OMITTED}', concat(current_setting('{_OMITTED}', true), '/{number}/'), true);"
            f" RETURN NULL; END ${tag}$"
            for number, (name, column) in enumerate(zip(self.spots.omitted, self.columns, strict=True), 1)
        )
        return (lock, *left_out)

    def arrivals(self, *, kind: str = "TABLE") -> str:
        """CREATE TABLE of the keys that arrived in the target since."""
        names = [name for name, _ in self.keys]
        columns = ", ".join(f"{name} {of}" for name, of in zip(names, self.home_key_types, strict=True))
        return f"CREATE {kind} {self.spots.arrived} ({columns}, PRIMARY KEY ({', '.join(names)}))"

    def granted(self) -> tuple[str, ...]:
        """What whoever uses the target calls, whatever rights new functions are given by default."""
        called = (
            f"{self.spots.locking}({', '.join(self.key_types)})",
            *(f"{each}()" for each in self.spots.omitted),
        )
        return tuple(f"GRANT EXECUTE ON FUNCTION {each} TO PUBLIC" for each in called)

    def _following(self, tag: str) -> str:
        """The old version's write goes on to the target; it reads the row as it is, for the last look is what holds.

        It writes there even what is there already: the copy, which may have looked before, then sees that the row was written.
        A transaction of an older snapshot does not see a row that arrived since, and must fail as any other that meets a
        newer row does: its key, noted by both, is what they meet at.
        """
        at = self.spots
        sets = ", ".join(f"{name} = home.{own}" for name, own in self.values)
        unlike = differs(
            [f"there.{each}" for each, _ in self.values], [f"home.{each}" for _, each in self.values]
        )
        here = " AND ".join(f"home.{own} = NEW.{own}" for _, own in self.keys)
        own_key = ", ".join(f"NEW.{own}" for _, own in self.keys)
        return self._function(
            at.following,
            f"IF {_changed(own for _, own in self.values)} THEN"
            f" UPDATE {at.target} AS there SET {sets} FROM {at.home} AS home WHERE {here} AND {self._same('there', 'home')}"
            f" AND (coalesce(current_setting('{_CARRIES}', true), '') = '' OR {unlike});"
            " IF NOT FOUND AND current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN"
            f" INSERT INTO {at.arrived} VALUES ({own_key}) ON CONFLICT DO NOTHING; END IF; END IF; RETURN NULL;",
            tag,
        )

    def _fetching(self, tag: str) -> str:
        """A row that leaves the columns out, or comes to belong to another row of the home, has the home's values.

        The home's row is locked: a write of it that is not over yet is waited for, a later one finds the new row.
        """
        at = self.spots
        here = " AND ".join(f"source.{own} = NEW.{name}" for name, own in self.keys)
        left_out = " ".join(
            f"IF position('/{number}/' in left_out) > 0 THEN NEW.{each.name} := {_given(each)}; END IF;"
            for number, each in enumerate(self.columns, 1)
        )
        stays = " ".join(
            f"IF NOT ({_changed([each.name])}) THEN NEW.{each.name} := midair_home.{each.own}; END IF;"
            for each in self.columns
        )
        return self._function(
            at.fetching,
            f"IF TG_OP = 'UPDATE' AND NOT ({_changed(name for name, _ in self.keys)}) THEN RETURN NEW; END IF;"
            f" SELECT source.* INTO midair_home FROM {at.home} AS source WHERE {here} FOR NO KEY UPDATE;"
            f" IF TG_OP = 'UPDATE' THEN {stays} RETURN NEW; END IF;"
            f" left_out := coalesce(current_setting('{_OMITTED}', true), ''); PERFORM set_config('{_OMITTED}', '', true);"
            f" {left_out} RETURN NEW;",
            tag,
            declared="midair_home record; left_out text;",
        )

    def _carrying(self, tag: str) -> str:
        """What the new version wrote gets to its home. Where both are the same already it was the mirror's own write, or the copy's."""
        at = self.spots
        sets = ", ".join(f"{own} = there.{name}" for name, own in self.values)
        unlike = differs(
            [f"home.{each}" for _, each in self.values], [f"there.{each}" for each, _ in self.values]
        )
        names, key = [name for name, _ in self.keys], ", ".join(f"NEW.{name}" for name, _ in self.keys)
        found = (
            f"{at.target} AS there WHERE {' AND '.join(f'there.{name} = NEW.{name}' for name, _ in self.keys)}"
            f" AND {self._same('there', 'home')} AND {unlike}"
        )
        return self._function(
            at.carrying,
            f"IF TG_OP = 'UPDATE' AND NOT ({_changed(name for name, _ in (*self.keys, *self.values))}) THEN RETURN NULL; END IF;"
            f" IF EXISTS (SELECT FROM {at.home} AS home, {found}) THEN {MARKED}"
            f" PERFORM set_config('{_CARRIES}', 'on', true); UPDATE {at.home} AS home SET {sets} FROM {found};"
            f" PERFORM set_config('{_CARRIES}', '', true); END IF;"
            f" IF TG_OP = 'INSERT' OR {_changed(names)} THEN INSERT INTO {at.arrived} VALUES ({key})"
            f" ON CONFLICT ({', '.join(names)}) DO UPDATE SET {names[0]} = excluded.{names[0]}; END IF; RETURN NULL;",
            tag,
        )

    def _marking(self, tag: str) -> str:
        """From before a statement that sets a moved column until it is over, the view locks the home's rows.

        An INSERT begins with no column left out: a row that another trigger skipped may have said so last.
        """
        name = literal(self.spots.marking)
        return self._function(
            self.spots.marking,
            f"IF TG_OP = 'INSERT' THEN PERFORM set_config('{_OMITTED}', '', true); RETURN NULL; END IF;"
            f" PERFORM set_config('{_FIRST}', CASE TG_WHEN WHEN 'BEFORE' THEN {name} ELSE '' END, true); RETURN NULL;",
            tag,
        )

    @property
    def condition(self) -> str:
        """The view's: true of every row. The setting is asked for once a statement, after its triggers have set it."""
        key = ", ".join(name for name, _ in self.keys)
        return (
            f"CASE WHEN (SELECT current_setting('{_FIRST}', true) = {literal(self.spots.marking)}) THEN"
            f" {self.spots.locking}({key}) ELSE true END"
        )

    @property
    def functions_gone(self) -> tuple[str, ...]:
        """What drops them all, those first that a default calls."""
        at = self.spots
        triggers = (at.following, at.fetching, at.carrying, at.marking)
        lock = f"DROP FUNCTION {at.locking}({', '.join(self.key_types)})"
        return (*(f"DROP FUNCTION {each}()" for each in (*at.omitted, *triggers)), lock)

    @property
    def gone(self) -> tuple[str, ...]:
        """What drops functions and keys."""
        return (*self.functions_gone, f"DROP TABLE {self.spots.arrived}")

    # --- the triggers

    @property
    def _names(self) -> tuple[str, str, str, str, str]:
        """Of the home's trigger, and of the target's: before and after a row, before and after a statement."""
        parts = (*raw_path(self.name), self.columns[0].name)
        carry, mark, unmark = (temporary(each, *parts) for each in ("carry", "mark", "unmark"))
        return identifier(f"!{raw(temporary('follow', *parts))}"), self.row_trigger, carry, mark, unmark

    def triggers(self) -> tuple[tuple[str, str, str], ...]:
        """Each with its name and its table, and CREATE TRIGGER."""
        at, names = self.spots, self._names
        sets = ", ".join((*(name for name, _ in self.keys), *(name for name, _ in self.values)))
        made = (
            (at.home, "AFTER UPDATE", "ROW", at.following),
            (at.target, "BEFORE INSERT OR UPDATE", "ROW", at.fetching),
            (at.target, "AFTER INSERT OR UPDATE", "ROW", at.carrying),
            (at.target, f"BEFORE INSERT OR UPDATE OF {sets}", "STATEMENT", at.marking),
            (at.target, f"AFTER UPDATE OF {sets}", "STATEMENT", at.marking),
        )
        return tuple(
            (
                name,
                table,
                f"CREATE TRIGGER {name} {when} ON {table} FOR EACH {each} EXECUTE FUNCTION {call}()",
            )
            for name, (table, when, each, call) in zip(names, made, strict=True)
        )

    def behind(self, base: str) -> "Move":
        """The same once the target has this name, its triggers theirs."""
        return replace(self, spots=replace(self.spots, target=base))

    # --- what is true of both

    def filled(self) -> str:
        """The UPDATE of the rows that were there, all at once."""
        sets = ", ".join(f"{name} = home.{own}" for name, own in self.values)
        at = self.spots
        return f"UPDATE {at.target} AS there SET {sets} FROM {at.home} AS home WHERE {self._same('there', 'home')}"

    def unequal(self) -> str:
        """A query that counts the rows in which the target does not have what its home says."""
        at = self.spots
        unlike = differs(
            [f"there.{each}" for each, _ in self.values], [f"home.{each}" for _, each in self.values]
        )
        return f"SELECT count(*) FROM {at.target} AS there JOIN {at.home} AS home ON {self._same('there', 'home')} WHERE {unlike}"

    def defaults(self) -> tuple[str, ...]:
        """What tells a value that an INSERT leaves out from NULL that it gives."""
        return tuple(
            f"ALTER TABLE {self.spots.target} ALTER COLUMN {column.name} SET DEFAULT {name}()"
            for name, column in zip(self.spots.omitted, self.columns, strict=True)
        )

    # --- parts of statements

    def _same(self, there: str, home: str) -> str:
        return " AND ".join(f"{there}.{name} = {home}.{own}" for name, own in self.keys)

    def _function(self, name: str, body: str, tag: str, declared: str = "") -> str:
        head = f"DECLARE {declared} " if declared else ""
        return (
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER {_SET}"
            f" AS ${tag}$ {head}BEGIN {body} END ${tag}$"
        )


_SET = " ".join(f"SET {each} FROM CURRENT" for each in SETTINGS)


def _given(column: MovedColumn) -> str:
    found = f"midair_home.{column.own}"
    return f"coalesce({found}, {column.default})" if column.required and column.default else found


def _changed(columns: Iterable[str]) -> str:
    names = tuple(columns)
    return differs([f"NEW.{each}" for each in names], [f"OLD.{each}" for each in names])
