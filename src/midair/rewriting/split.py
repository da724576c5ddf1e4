"""A table split in two: the columns stay where they are, the new table is a view over them, and its rows are made ready beside it.

One home for every value (expand-contract.md §1): the old table. Whatever it holds is written one way into the table to come,
by a trigger; the new version reads and writes a view. Its UPDATE is the server's own, on the old table's row: a trigger
in its place would get the row as the statement first saw it, and of two counters raised at once one would be lost.
"""

from collections.abc import Sequence

from midair.dialects.postgresql import twins
from midair.dialects.postgresql.changes.names import identifier
from midair.model.change import Column
from midair.model.frozen import frozen, replace
from midair.model.schema import Table
from midair.rewriting.names import raw, raw_path, temporary
from midair.rewriting.syncing import SAMPLES, SCRATCH, SETTINGS, literal, refusal, tolerant, trial

_NEW = "PERFORM set_config('midair.version', 'new', true);"
_THROUGH = "set_config('midair.through', statement_timestamp()::text, true)"
"""Which statement of the client used the view last: what it then writes to the old table comes from the new version."""
_IS_THROUGH = "current_setting('midair.through', true) = statement_timestamp()::text"


@frozen
class Places:
    """Where the parts are: the old table, the table to come, the view, and the functions."""

    home: str
    mirror: str
    view: str
    mirroring: str
    putting: str
    clearing: str


@frozen
class Split:
    """`keys` and `values` are pairs: a column of the new table and the old one's. `condition` says over the old table's columns
    whether a row of it has one of the new table; empty: every one has. `required` are columns of the old table that the
    new one wants a value in. `counted` are numbers of the new table's own, which until contract are the old table's: unique as
    they are. `name` is the new table's as the application says it, `key_name` that of its key.
    """

    places: Places
    name: str
    key_name: str
    columns: tuple[Column, ...]
    keys: tuple[tuple[str, str], ...]
    values: tuple[tuple[str, str], ...]
    condition: str
    required: tuple[str, ...]
    counted: tuple[tuple[str, str], ...] = ()

    @property
    def everything(self) -> tuple[tuple[str, str], ...]:
        """Every column of the new table with the old one's."""
        return (*self.keys, *self.values, *self.counted)

    @property
    def triggers(self) -> tuple[str, str]:
        """On the old table. They come first among its triggers by the order of names: foreign keys are checked after them."""
        name = raw(temporary("mirror", *raw_path(self.places.home), *raw_path(self.name)))
        emptied = raw(temporary("emptied", *raw_path(self.places.home), *raw_path(self.name)))
        return identifier(f"!{name}"), identifier(f"!{emptied}")

    @property
    def present(self) -> str:
        """The condition, as SQL that is never NULL."""
        return f"({self.condition}) IS TRUE" if self.condition else "true"

    # --- the mirror

    def mirroring(self, tag: str = "midair") -> str:
        """CREATE FUNCTION of the triggers that write the table to come; by its owner's rights, for nobody else has any."""
        at, everything = self.places, self.everything
        target = ", ".join(name for name, _ in everything)
        given = ", ".join(f"NEW.{own}" for _, own in everything)
        sets = ", ".join(f"{name} = excluded.{name}" for name, _ in (*self.keys, *self.values))
        key = ", ".join(name for name, _ in self.keys)
        gone = f"DELETE FROM {at.mirror} WHERE {self._same('OLD')};"
        now = self._of_row("NEW")
        lacking = " OR ".join(f"NEW.{own} IS NULL" for own in self.required)
        refused = (
            f" IF {_IS_THROUGH} AND ({lacking}) THEN RAISE not_null_violation USING MESSAGE ="
            f" {literal(f'null value in a column of relation {self.name} violates not-null constraint')}; END IF;"
            if self.required
            else ""
        )
        moved = (
            f" IF {_IS_THROUGH} THEN RAISE feature_not_supported USING MESSAGE ="
            f" {literal(f'the key of {self.name} cannot be changed until midair contract')}; END IF;"
        )
        return self._function(
            at.mirroring,
            f"IF TG_OP = 'TRUNCATE' THEN TRUNCATE {at.mirror}; RETURN NULL; END IF;"
            f" IF TG_OP = 'DELETE' THEN {gone} RETURN NULL; END IF;"
            f" IF TG_OP = 'UPDATE' THEN"
            f" IF NOT ({self._differs(everything)}) THEN RETURN NULL; END IF;"
            f" IF {self._differs(self.keys)} THEN{moved} {gone} END IF;"
            f" IF NOT ({now}) THEN{refused} {gone} RETURN NULL; END IF; END IF;"
            f" IF {now} THEN INSERT INTO {at.mirror} ({target}) OVERRIDING SYSTEM VALUE VALUES ({given}) ON CONFLICT ({key}) DO UPDATE SET {sets}; END IF;"
            " RETURN NULL;",
            tag,
        )

    def made_triggers(self) -> tuple[str, str]:
        """CREATE TRIGGER, both."""
        (rows, emptied), at = self.triggers, self.places
        call = f"EXECUTE FUNCTION {at.mirroring}()"
        return (
            f"CREATE TRIGGER {rows} AFTER INSERT OR UPDATE OR DELETE ON {at.home} FOR EACH ROW {call}",
            f"CREATE TRIGGER {emptied} AFTER TRUNCATE ON {at.home} FOR EACH STATEMENT {call}",
        )

    def filled(self) -> str:
        """INSERT of the rows that are there already, all at once."""
        names, given = (", ".join(parts) for parts in zip(*self.everything, strict=True))
        return f"INSERT INTO {self.places.mirror} ({names}) OVERRIDING SYSTEM VALUE SELECT {given} FROM {self.places.home} WHERE {self.present}"

    def unequal(self) -> str:
        """A query that counts the rows in which the table to come is not what the old one says."""
        at = self.places
        mine = ", ".join(f"x.{own}" for _, own in self.values)
        theirs = ", ".join(f"y.{name}" for name, _ in self.values)
        same = " AND ".join(f"x.{own} = y.{name}" for name, own in self.keys)
        first, own_first = self.keys[0]
        return (
            f"SELECT count(*) FROM (SELECT * FROM {at.home} WHERE {self.present}) AS x FULL JOIN {at.mirror} AS y ON {same}"
            f" WHERE x.{own_first} IS NULL OR y.{first} IS NULL OR ROW({mine})::record *<> ROW({theirs})::record"
        )

    # --- the view

    def view(self, *, kind: str = "VIEW") -> str:
        """CREATE VIEW: what the new version sees as the table; its use marks the transaction as the new version's."""
        pairs = dict(self.everything)
        shown = ", ".join(
            each.name if pairs[each.name] == each.name else f"{pairs[each.name]} AS {each.name}"
            for each in self.columns
        )
        marked = f"(SELECT set_config('midair.version', 'new', true) || {_THROUGH} IS NOT NULL)"
        return f"CREATE {kind} {self.places.view} AS SELECT {shown} FROM {self.places.home} WHERE {self.present} AND {marked}"

    def putting(self, tag: str = "midair") -> str:
        """CREATE FUNCTION of the trigger in an INSERT's place."""
        at = self.places
        sets = ", ".join(f"{own} = NEW.{name}" for name, own in self.values)
        here = self._same("NEW", home=True)
        there = f"UPDATE {at.home} SET {sets} WHERE {here}"
        missing = f"the new row of {self.name} has no row in {at.home}"
        twice = f'duplicate key value violates unique constraint "{raw(self.key_name)}"'
        pairs = {own: name for name, own in (*self.keys, *self.values)}
        absent = "".join(
            f" IF NEW.{pairs[own]} IS NULL THEN RAISE not_null_violation USING MESSAGE ="
            f" {literal(f'null value in column {pairs[own]} of relation {self.name} violates not-null constraint')}; END IF;"
            for own in self.required
        )
        again = (
            f" IF EXISTS (SELECT FROM {at.home} WHERE {here}) THEN RAISE unique_violation USING MESSAGE = {literal(twice)},"
            f" CONSTRAINT = {literal(raw(self.key_name))}; END IF;"
            if self.condition
            else ""
        )
        numbered = "".join(f" NEW.{name} := NEW.{pairs[own]};" for name, own in self.counted)
        only = f" AND NOT ({self.present})" if self.condition else ""
        return self._function(
            at.putting,
            f"{_NEW}{absent} {there}{only}; IF FOUND THEN{numbered} RETURN NEW; END IF;{again}"
            f" RAISE foreign_key_violation USING MESSAGE = {literal(missing)};",
            tag,
        )

    def clearing(self, tag: str = "midair") -> str:
        """CREATE FUNCTION of the trigger in a DELETE's place: the old table's row stays, without what was moved."""
        at = self.places
        sets = ", ".join(f"{own} = DEFAULT" for _, own in self.values)
        return self._function(
            at.clearing,
            f"{_NEW} PERFORM set_config('midair.through', '', true);"
            f" UPDATE {at.home} SET {sets} WHERE {self._same('OLD', home=True)} AND {self.present};"
            " IF NOT FOUND THEN RETURN NULL; END IF; RETURN OLD;",
            tag,
        )

    def view_parts(self) -> tuple[str, ...]:
        """Its triggers and the defaults of its columns."""
        at = self.places
        put, clear = temporary("put", *raw_path(self.name)), temporary("clear", *raw_path(self.name))
        return (
            f"CREATE TRIGGER {put} INSTEAD OF INSERT ON {at.view} FOR EACH ROW EXECUTE FUNCTION {at.putting}()",
            f"CREATE TRIGGER {clear} INSTEAD OF DELETE ON {at.view} FOR EACH ROW EXECUTE FUNCTION {at.clearing}()",
            *(
                f"ALTER VIEW {at.view} ALTER COLUMN {each.name} SET DEFAULT {each.default.sql}"
                for each in self.columns
                if each.default is not None and not each.default.null and each.name not in dict(self.counted)
            ),
        )

    # --- the trial

    def trial(self, home: Table, *, empties: bool) -> str:
        """Every branch of all three functions, on scratch copies: written by either version, emptied, deleted, twice, in vain."""
        try_places = Places(
            SCRATCH, "midair_scratch_mirror", "midair_scratch_view", "pg_temp.midair_try_mirror", "pg_temp.midair_try_put",
            "pg_temp.midair_try_clear",
        )  # fmt: skip
        here = replace(self, places=try_places)
        functions = [getattr(here, each)("midair_try") for each in ("mirroring", "putting", "clearing")]
        wrong = f"({here.unequal()}) > 0"
        unequal = refusal(wrong, f"the mirror of {self.name} does not follow", _OWN_CHECK)
        seen = f"EXISTS (SELECT FROM {try_places.view})"
        stays = refusal(
            seen, f"a row taken away from {self.name} is still there: the condition does not tell", _OWN_CHECK
        )
        return trial(
            self.places.home,
            [
                f"CREATE TEMPORARY TABLE {try_places.mirror} (LIKE {self.places.mirror} INCLUDING ALL) ON COMMIT DROP",
                *functions,
                *(_default(home, own) for _, own in self.values if _has_default(home, own)),
                here.filled(),
                *here.made_triggers(),
                here.view(kind="TEMPORARY VIEW"),
                *here.view_parts(),
                *here._written(home, empties=empties),
                unequal,
                f"DELETE FROM {try_places.view}",
                *([stays] if self.condition else []),
                unequal,
                f"DELETE FROM {SCRATCH}",
                unequal,
                f"TRUNCATE {SCRATCH}",
                *(f"DROP TRIGGER {each} ON {SCRATCH}" for each in here.triggers),
                f"DROP VIEW {try_places.view}",
                *(
                    f"DROP FUNCTION {each}()"
                    for each in (try_places.mirroring, try_places.putting, try_places.clearing)
                ),
                f"DROP TABLE pg_temp.{try_places.mirror}",
            ],
        )

    def _written(self, home: Table, *, empties: bool) -> list[str]:
        """Writes of both versions, to rows of the table's own and to one made up; what a constraint refuses is no fault of theirs."""
        at = self.places
        columns = ", ".join(each.name for each in self.columns)
        never = {each.name for each in home.columns if each.not_null} - {*self.required}
        emptied = ", ".join(f"{own} = {'DEFAULT' if own in never else 'NULL'}" for _, own in self.values)
        steps = [f"UPDATE {SCRATCH} SET {own} = {own}" for _, own in (*self.keys, *self.values)]
        samples = _samples(home, [own for _, own in self.keys])
        if samples and empties:
            keys = ", ".join(own for _, own in self.keys)
            steps.append(tolerant(f"INSERT INTO {SCRATCH} ({keys}) VALUES ({samples})"))
        for _, own in self.values:
            value = _samples(home, [own])
            steps += [tolerant(f"UPDATE {SCRATCH} SET {own} = {value}")] if value else []
        pairs = dict(self.everything)
        given = ", ".join(
            f"coalesce({pairs[each.name]}, {_samples(home, [pairs[each.name]]) or 'NULL'})"
            for each in self.columns
        )
        over = "PERFORM set_config('midair.through', '', true)"
        """In one DO block all statements are of one moment: what follows is of the old version again."""
        steps += [
            f"INSERT INTO {SCRATCH} SELECT * FROM {SCRATCH} LIMIT 1",
            tolerant(f"INSERT INTO {at.view} ({columns}) SELECT {given} FROM {SCRATCH} LIMIT 1"),
            *([over, tolerant(f"UPDATE {SCRATCH} SET {emptied}")] if empties else []),
            tolerant(f"INSERT INTO {at.view} ({columns}) SELECT {given} FROM {SCRATCH} LIMIT 1"),
            tolerant(f"INSERT INTO {at.view} ({columns}) SELECT {given} FROM {SCRATCH} LIMIT 1"),
            *(tolerant(f"UPDATE {at.view} SET {name} = {name}") for name, _ in self.values),
            tolerant(f"INSERT INTO {at.view} DEFAULT VALUES"),
        ]
        return steps

    # --- parts of statements

    def _same(self, row: str, *, home: bool = False) -> str:
        """The row's key: that of the table to come by the old table's row, or the other way."""
        if home:
            return " AND ".join(f"{own} = {row}.{name}" for name, own in self.keys)
        return " AND ".join(f"{name} = {row}.{own}" for name, own in self.keys)

    def _differs(self, pairs: Sequence[tuple[str, str]]) -> str:
        new, old = (", ".join(f"{side}.{own}" for _, own in pairs) for side in ("NEW", "OLD"))
        return f"ROW({new})::record *<> ROW({old})::record"

    def _of_row(self, row: str) -> str:
        if not self.condition:
            return "true"
        columns = twins.columns_of(self.condition)
        return f"({twins.of_row(self.condition, row.lower(), self.places.home, columns)}) IS TRUE"

    def _function(self, name: str, body: str, tag: str) -> str:
        settings = " ".join(f"SET {each} FROM CURRENT" for each in SETTINGS)
        return (
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER {settings}"
            f" AS ${tag}$ BEGIN {body} END ${tag}$"
        )


_OWN_CHECK = "this is midair's own check: nothing was installed"


def _samples(home: Table, columns: Sequence[str]) -> str:
    """One value for each, or nothing where one of them has none."""
    found = [SAMPLES.get(column.type.name) for each in columns if (column := home.column(each)) is not None]
    return ", ".join(each[-1] for each in found if each) if all(found) else ""


def _has_default(home: Table, own: str) -> bool:
    column = home.column(own)
    return column is not None and column.default is not None


def _default(home: Table, own: str) -> str:
    column = home.column(own)
    value = column.default.sql if column is not None and column.default is not None else "NULL"
    return f"ALTER TABLE {SCRATCH} ALTER COLUMN {own} SET DEFAULT {value}"
