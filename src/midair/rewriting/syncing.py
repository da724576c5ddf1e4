"""Two columns of a row kept in step by a trigger: its function's text, its name, and the trial of both on a scratch copy."""

from collections.abc import Sequence

from midair.dialects.postgresql.changes.names import identifier, literal
from midair.model.frozen import frozen
from midair.rewriting.names import raw, raw_path, temporary

CAUGHT = "data_exception OR integrity_constraint_violation OR raise_exception OR program_limit_exceeded"
"""What a value can do wrong. A mistake in the expression itself is not caught: the trial finds it."""
SETTINGS = ("search_path", "timezone", "datestyle", "intervalstyle")
"""What a conversion's meaning depends on: every writer gets the migration's own."""
SCRATCH = "midair_scratch"
MARKED = "PERFORM set_config('midair.version', 'new', true);"
"""In a function of midair's: from here on the transaction is known to be one of the new version (rewriting/tripwire.py)."""
SAMPLES = {
    "int2": ("-1", "32767"),
    "int4": ("-1", "2147483647"),
    "int8": ("-1", "9223372036854775807"),
    "numeric": ("0",),
    "bool": ("true",),
    "text": ("''", "'no such value'"),
    "varchar": ("''",),
    "date": ("'2000-02-29'",),
    "timestamptz": ("'2000-02-29 12:00+00'",),
}
"""Values of a type, at its ends too, for the trial: not every table holds one."""


def function_name(purpose: str, table: str, column: str) -> str:
    """The function's name in midair's schema, the same in every run: `midair.midair_up_orders_id`."""
    return f"midair.{temporary(purpose, *(identifier(each) for each in raw_path(table)), column)}"


def trigger_name(column: str, others: Sequence[str]) -> str | None:
    """A name that comes after every other trigger's, for triggers fire in the order of their names' bytes; `None` where none does."""
    name = f"~{raw(temporary('sync', column))}"
    return identifier(name) if all(each.encode() < name.encode() for each in others) else None


@frozen
class Sync:
    """Writes `target` from the row. `value` is an expression over `new`; `fails`: it may refuse a value, which then gives NULL.

    `only_changed` is the column whose change makes it write at all; without it every write of the row does.
    """

    function: str
    target: str
    value: str
    fails: bool
    only_changed: str | None = None

    def definition(self) -> str:
        """CREATE FUNCTION: same-row, no table touched, so that it cannot wait or deadlock (expand-contract.md §3.2)."""
        settings = " ".join(f"SET {each} FROM CURRENT" for each in SETTINGS)
        body = f"NEW.{self.target} := {self.value};"
        if self.fails:
            body = f"BEGIN {body} EXCEPTION WHEN {CAUGHT} THEN NEW.{self.target} := NULL; END;"
        if self.only_changed is not None:
            # Byte for byte: 1.00 over 1.0 is a change too, and json has no equality at all.
            changed = f"ROW(NEW.{self.only_changed})::record *<> ROW(OLD.{self.only_changed})::record"
            body = f"IF TG_OP = 'INSERT' THEN {body} ELSIF {changed} THEN {body} END IF;"
        return (
            f"CREATE OR REPLACE FUNCTION {self.function}() RETURNS trigger LANGUAGE plpgsql {settings}"
            f" AS $midair$ BEGIN {body} RETURN NEW; END $midair$"
        )

    def trigger(self, name: str, table: str) -> str:
        """CREATE TRIGGER: on every write, for one that names other columns only must not escape it."""
        return f"CREATE TRIGGER {name} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {self.function}()"


def trial(table: str, steps: Sequence[str]) -> str:
    """A DO block that gives `steps` a scratch copy of the table with some of its rows, and leaves nothing.

    The copy is a temporary table without the table's constraints, so that each branch of a trigger can be run.
    """
    inside = "\n  ".join(f"{each};" for each in steps)
    return (
        f"DO $midair$ BEGIN\n  CREATE TEMPORARY TABLE {SCRATCH} ON COMMIT DROP AS SELECT * FROM {table} LIMIT 100;\n"
        f"  {inside}\n  DROP TABLE pg_temp.{SCRATCH};\nEND $midair$"
    )


def refusal(condition: str, text: str, hint: str) -> str:
    """A step of a trial: stops with this text where the condition holds."""
    return f"IF {condition} THEN RAISE EXCEPTION {literal(text.replace('%', '%%'))} USING HINT = {literal(hint)}; END IF"


def tolerant(sql: str) -> str:
    """A step of a trial that a constraint may refuse."""
    return f"BEGIN {sql}; EXCEPTION WHEN integrity_constraint_violation OR data_exception THEN NULL; END"


def misfits(table: str, candidates: str, check: str, key: Sequence[str], text: str, hint: str) -> str:
    """A DO block that tries an expression over `new` on each candidate row, and stops where one has no value by it.

    `text` says what is wrong and has two `%`: how many rows, and the first one's key.
    """
    shown = " || ', ' || ".join(f"coalesce(new.{each}::text, 'NULL')" for each in key) or "new::text"
    return (
        f"DO $midair$ DECLARE new record; found bigint := 0; first text; BEGIN\n"
        f"  FOR new IN SELECT * FROM {table} WHERE {candidates} LOOP\n"
        f"    BEGIN\n      IF {check} THEN found := found + 1; first := coalesce(first, {shown}); END IF;\n"
        f"    EXCEPTION WHEN {CAUGHT} THEN found := found + 1; first := coalesce(first, {shown}); END;\n  END LOOP;\n"
        f"  IF found > 0 THEN RAISE EXCEPTION {literal(text)}, found, first USING HINT = {literal(hint)}; END IF;\nEND $midair$"
    )


@frozen
class Pair:
    """Two shapes of one datum in a row, each written by one version of the application (expand-contract.md §3.3).

    `new` is the new version's column, `sources` are the old one's; `up` gives the one from the others, `down` are the
    sources that the new column gives a value, each with it. What a statement changed is what its author meant.
    """

    function: str
    new: str
    sources: tuple[str, ...]
    up: str
    down: tuple[tuple[str, str], ...] = ()

    def definition(self) -> str:
        """CREATE FUNCTION: same-row, no table touched."""
        settings = " ".join(f"SET {each} FROM CURRENT" for each in SETTINGS)
        up = _caught(self.new, self.up)
        down = " ".join(_caught(column, value) for column, value in self.down) or "NULL;"
        # A row that is not filled yet is healed by any write. One whose sources stay is not computed again: the way
        # back need not be exact, and what the new version wrote is what holds.
        stale = f"NEW.{self.new} IS NULL OR {_differs(self.sources)}"
        return (
            f"CREATE OR REPLACE FUNCTION {self.function}() RETURNS trigger LANGUAGE plpgsql {settings} AS $midair$ BEGIN"
            f" IF TG_OP = 'INSERT' THEN IF NEW.{self.new} IS NULL THEN {up} ELSE {MARKED} {down} END IF;"
            f" ELSIF {_differs((self.new,))} THEN {down} ELSIF {stale} THEN {up} END IF; RETURN NEW; END $midair$"
        )

    def trigger(self, name: str, table: str) -> str:
        """CREATE TRIGGER, on every write."""
        return f"CREATE TRIGGER {name} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {self.function}()"

    def trial(self, table: str, added: str, *, kind: str, empties: bool) -> str:
        """Every branch on a scratch copy: inserted by either version, changed by either, by neither, and to NULL.

        `kind` is the new column's type, `empties`: no domain of the table refuses NULL.
        """
        touched = ", ".join(f"{each} = {each}" for each in self.sources) or f"{self.new} = {self.new}"
        emptied = ", ".join(f"{each} = NULL" for each in self.sources)
        samples = SAMPLES.get(kind, ()) if empties else ()
        return trial(
            table,
            [
                added,
                self.trigger("back_and_forth", SCRATCH),
                f"UPDATE {SCRATCH} SET {self.new} = {self.new}",
                f"INSERT INTO {SCRATCH} SELECT * FROM {SCRATCH}",
                *([f"INSERT INTO {SCRATCH} DEFAULT VALUES"] if empties else []),
                *(f"INSERT INTO {SCRATCH} ({self.new}) VALUES ({each})" for each in samples),
                f"UPDATE {SCRATCH} SET {self.new} = NULL",
                f"UPDATE {SCRATCH} SET {touched}",
                *([f"UPDATE {SCRATCH} SET {emptied}"] if emptied and empties else []),
            ],
        )


def _caught(target: str, value: str) -> str:
    return f"BEGIN NEW.{target} := {value}; EXCEPTION WHEN {CAUGHT} THEN NEW.{target} := NULL; END;"


def _differs(columns: Sequence[str]) -> str:
    new, old = (", ".join(f"{side}.{each}" for each in columns) for side in ("NEW", "OLD"))
    return f"ROW({new})::record *<> ROW({old})::record" if columns else "false"
