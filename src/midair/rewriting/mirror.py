"""One table kept the same as another by a trigger: every write to the source is repeated in the target, in its own transaction.

A write names the row, and the row is then read as it is: whatever other triggers did to it meanwhile, in whatever order,
the last look wins. Keys that could not be copied are noted in a table of their own (`left`) and looked at again.
"""

from midair.model.backfill import KeyColumn
from midair.model.frozen import frozen, replace
from midair.rewriting.syncing import CAUGHT, SCRATCH, SETTINGS, literal, refusal, trial

_OTHER = "midair_scratch_other"
_NOTED = "midair_scratch_left"
_TRY = ("midair_try", "midair_try_all")


@frozen
class Mirror:
    """`columns` are the target's with the expressions over the source that fill them, `types` theirs; a row of the source is called `source`.

    `key` is unique in the source and copied as it is; `arbiter` are the columns of a unique index of the target, among them.
    `fails`: a row may be refused by the target, which must fail nobody's write. `defers`: a transaction that sees an older
    snapshot notes its rows only, for it may not see what was copied since.
    """

    source: str
    target: str
    key: tuple[KeyColumn, ...]
    arbiter: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    types: tuple[str, ...]
    function: str
    left: str
    fails: bool
    defers: bool

    @property
    def row_function(self) -> str:
        """What copies one row, by its key."""
        return f"{self.function}_row"

    @property
    def names(self) -> tuple[str, ...]:
        """The key's columns."""
        return tuple(each.name for each in self.key)

    def definitions(self) -> tuple[str, str]:
        """CREATE FUNCTION, of what copies a row and of the trigger that calls it.

        Both run with the rights of their owner: the application has none on the other table.
        """
        settings = " ".join(f"SET {each} FROM CURRENT" for each in SETTINGS)
        head = f"LANGUAGE plpgsql SECURITY DEFINER {settings} AS $mirror$"
        given = ", ".join(each.type for each in self.key)
        row = f"CREATE OR REPLACE FUNCTION {self.row_function}({given}) RETURNS boolean {head} {self._row()} $mirror$"
        return (
            row,
            f"CREATE OR REPLACE FUNCTION {self.function}() RETURNS trigger {head} {self._fired()} $mirror$",
        )

    def _row(self) -> str:
        """True: the target has the row as it is, or neither has it."""
        here = self._here("source")
        return (
            f"BEGIN DELETE FROM {self.left} AS noted WHERE noted.key = {self._noted()};"
            f" IF NOT EXISTS (SELECT FROM {self.source} AS source WHERE {here}) THEN"
            f" DELETE FROM {self.target} AS target WHERE {self._here('target')}; RETURN true; END IF;"
            f" {self._copied()} RETURN true; END"
        )

    def _copied(self) -> str:
        names, values = (", ".join(each) for each in zip(*self.columns, strict=True))
        sets = ", ".join(f"{name} = {value}" for name, value in self.columns if name not in self.names)
        noted = f"INSERT INTO {self.left} (key) VALUES ({self._noted()}); RETURN false;"
        # Changed where it is there: a column that the source does not know keeps what it has.
        found = (
            f"UPDATE {self.target} AS target SET {sets} FROM {self.source} AS source WHERE"
            f" {self._here('source')} AND {self._here('target')};"
            if sets
            else f"PERFORM FROM {self.target} AS target WHERE {self._here('target')};"
        )
        # A row of another key that has the place of this one stays: the target cannot hold both.
        copy = (
            f"{found} IF NOT FOUND THEN INSERT INTO {self.target} ({names}) OVERRIDING SYSTEM VALUE SELECT {values}"
            f" FROM {self.source} AS source WHERE {self._here('source')} ON CONFLICT ({', '.join(self.arbiter)}) DO NOTHING;"
            f" IF NOT FOUND THEN {noted} END IF; END IF;"
        )
        if not self.fails:
            return copy
        gone = f"DELETE FROM {self.target} AS target WHERE {self._here('target')};"
        return f"BEGIN {copy} EXCEPTION WHEN {CAUGHT} THEN {gone} {noted} END;"

    def _fired(self) -> str:
        old, new = (", ".join(f"{side}.{name}" for name in self.names) for side in ("OLD", "NEW"))
        both = (
            (old, "TG_OP <> 'INSERT'"),
            (new, f"TG_OP = 'INSERT' OR (TG_OP = 'UPDATE' AND ({new}) IS DISTINCT FROM ({old}))"),
        )
        copied = " ".join(
            f"IF {when} THEN PERFORM {self.row_function}({which}); END IF;" for which, when in both
        )
        noted = " ".join(
            f"IF {when} THEN INSERT INTO {self.left} (key) VALUES (jsonb_build_array({which})::text); END IF;"
            for which, when in both
        )
        if self.defers:
            copied = f"IF current_setting('transaction_isolation') = 'read committed' THEN {copied} ELSE {noted} END IF;"
        emptied = f"IF TG_OP = 'TRUNCATE' THEN TRUNCATE {self.target}; DELETE FROM {self.left}; RETURN NULL; END IF;"
        return f"BEGIN {emptied} {copied} RETURN NULL; END"

    def _here(self, alias: str) -> str:
        return " AND ".join(f"{alias}.{name} = ${number}" for number, name in enumerate(self.names, 1))

    def _noted(self) -> str:
        return f"jsonb_build_array({', '.join(f'${number}' for number in range(1, len(self.key) + 1))})::text"

    def triggers(self, table: str, names: tuple[str, str], *, always: bool = False) -> tuple[str, ...]:
        """CREATE TRIGGER, twice; `always`: for rows that a subscription writes, too."""
        call = f"EXECUTE FUNCTION {self.function}()"
        made = (
            f"CREATE TRIGGER {names[0]} AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW {call}",
            f"CREATE TRIGGER {names[1]} AFTER TRUNCATE ON {table} FOR EACH STATEMENT {call}",
        )
        if not always:
            return made
        return (*made, *(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {each}" for each in names))

    def functions_gone(self) -> tuple[str, str]:
        """What takes each of `definitions` away again."""
        given = ", ".join(each.type for each in self.key)
        return (
            f"DROP FUNCTION IF EXISTS {self.row_function}({given})",
            f"DROP FUNCTION IF EXISTS {self.function}()",
        )

    def gone(self, table: str, names: tuple[str, str]) -> tuple[str, ...]:
        """What takes triggers and functions away again."""
        return (*(f"DROP TRIGGER {each} ON {table}" for each in names), *self.functions_gone())

    @property
    def unnoted(self) -> str:
        """The condition of a row of `source` that nobody noted to be looked at again."""
        return f"NOT {self._is_noted('source')}"

    def _is_noted(self, alias: str) -> str:
        keys = ", ".join(f"{alias}.{name}" for name in self.names)
        return f"EXISTS (SELECT FROM {self.left} AS noted WHERE noted.key = jsonb_build_array({keys})::text)"

    def again(self) -> str:
        """A query that copies the noted rows once more, and counts those that cannot be."""
        keys = ", ".join(
            f"(noted.key::jsonb ->> {number})::{each.type}" for number, each in enumerate(self.key)
        )
        noted = f"(SELECT DISTINCT key FROM {self.left}) AS noted"
        return f"SELECT count(*) FROM {noted} WHERE NOT {self.row_function}({keys})"

    def differing(self) -> str:
        """A query that counts rows that are not the same in both tables, noted ones left out."""
        keys = ", ".join(self.names)
        values = ", ".join(
            f"({value})::{kind}" for (_, value), kind in zip(self.columns, self.types, strict=True)
        )
        mine = f"SELECT {keys}, ROW({values})::record AS content FROM {self.source} AS source"
        theirs = f"SELECT {keys}, ROW({', '.join(name for name, _ in self.columns)})::record AS content FROM {self.target} AS target"
        same = " AND ".join(f"here.{name} = there.{name}" for name in self.names)
        absent = f"here.{self.names[0]} IS NULL OR there.{self.names[0]} IS NULL"
        return (
            f"SELECT count(*) FROM ({mine}) AS here FULL JOIN ({theirs}) AS there ON {same}"
            f" WHERE ({absent} OR here.content *<> there.content)"
            f" AND NOT {self._is_noted('here')} AND NOT {self._is_noted('there')}"
        )


def tried(forth: Mirror, back: Mirror, shape: str) -> str:
    """A DO block that runs every branch of both on scratch copies: `shape` is the table that the target is like."""
    here = replace(
        forth,
        source=f"pg_temp.{SCRATCH}",
        target=f"pg_temp.{_OTHER}",
        function="pg_temp.midair_forth",
        left=f"pg_temp.{_NOTED}",
    )
    there = replace(
        back,
        source=f"pg_temp.{_OTHER}",
        target=f"pg_temp.{SCRATCH}",
        function="pg_temp.midair_back",
        left=f"pg_temp.{_NOTED}",
    )
    key = ", ".join(forth.names)
    steps = [
        f"CREATE UNIQUE INDEX ON {SCRATCH} ({', '.join(back.arbiter)})",
        f"CREATE TEMPORARY TABLE {_OTHER} (LIKE {shape} INCLUDING ALL) ON COMMIT DROP",
        _NUMBERS_GIVEN,
        f"CREATE TEMPORARY TABLE {_NOTED} (key text) ON COMMIT DROP",
        f"CREATE TEMPORARY TABLE midair_scratch_rows ON COMMIT DROP AS SELECT * FROM {SCRATCH}",
        *_branches(here, SCRATCH, key, "midair_scratch_rows"),
        f"UPDATE {SCRATCH} SET {forth.names[0]} = {forth.names[0]}",
        *_trigger_gone(here, SCRATCH),
        f"CREATE TEMPORARY TABLE midair_scratch_new ON COMMIT DROP AS SELECT * FROM {_OTHER}",
        *_branches(there, _OTHER, key, None),
        "DROP TABLE pg_temp.midair_scratch_rows, pg_temp.midair_scratch_new",
        f"DROP TABLE pg_temp.{_OTHER}, pg_temp.{_NOTED}",
    ]
    return trial(forth.source, steps)


_NUMBERS_GIVEN = (
    "EXECUTE (SELECT coalesce(string_agg(format('ALTER TABLE %s ALTER %I SET GENERATED BY DEFAULT', attrelid::regclass, attname), '; '),"
    f" 'SELECT') FROM pg_attribute WHERE attrelid = 'pg_temp.{_OTHER}'::regclass AND attidentity = 'a')"
)
"""The trial writes keys anew, which a number that is always generated does not allow."""


def _branches(mirror: Mirror, table: str, key: str, rows: str | None) -> list[str]:
    """Changed, deleted, inserted again, copied by the row, emptied; the target must have as many rows each time."""
    steps = [*mirror.definitions(), *mirror.triggers(table, _TRY)]
    steps.append(f"UPDATE {table} SET {mirror.names[0]} = {mirror.names[0]}")
    if not mirror.fails:
        steps.append(_same(mirror, "changed rows"))
    steps.append(f"DELETE FROM {table}")
    steps.append(_same(mirror, "deleted rows"))
    if rows is not None:
        steps += [
            f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM {rows}",
            f"PERFORM ({mirror.again()})",
        ]
        if not mirror.fails:
            steps.append(_same(mirror, "new rows"))
    else:
        steps += [f"TRUNCATE {table}", _same(mirror, "an emptied table"), *_trigger_gone(mirror, table)]
    return steps


def _trigger_gone(mirror: Mirror, table: str) -> list[str]:
    return [f"DROP TRIGGER {each} ON {table}" for each in _TRY]


def _same(mirror: Mirror, what: str) -> str:
    unlike = f"({mirror.differing()}) <> 0"
    return refusal(
        unlike, f"{what} are not mirrored as they are", "this is midair's own check: nothing was installed"
    )


def settled(mirror: Mirror, what: str, hint: str, *, compares: bool) -> str:
    """A DO block that copies the noted rows once more and stops where some are left; `compares`: where any row differs."""
    text = f"% rows of {what} cannot be copied, the first has the key %"
    check = (
        f"  SELECT count(*) INTO found FROM ({mirror.differing()}) AS counted(number) WHERE number > 0;\n"
        f"  IF found > 0 THEN RAISE EXCEPTION USING MESSAGE = {literal(f'the copy of {what} is not the same')}; END IF;\n"
        if compares
        else ""
    )
    return (
        f"DO $midair$ DECLARE found bigint; first text; BEGIN\n  found := ({mirror.again()});\n"
        f"  SELECT min(key) INTO first FROM {mirror.left};\n"
        f"  IF found > 0 THEN RAISE EXCEPTION {literal(text)}, found, first USING HINT = {literal(hint)}; END IF;\n"
        f"{check}END $midair$"
    )
