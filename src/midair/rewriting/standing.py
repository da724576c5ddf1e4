"""What hangs on a table's place, and goes from one table to the other when they exchange: indexes' names, keys, rights, triggers, views."""

from collections.abc import Iterator
from hashlib import sha256

from midair.dialects.postgresql import twins
from midair.dialects.postgresql.attached import (
    AttachedColumn,
    AttachedConstraint,
    AttachedIndex,
    AttachedStatistics,
    OwnSequence,
)
from midair.dialects.postgresql.standins import StandIn
from midair.model.change import Column
from midair.model.frozen import frozen
from midair.model.schema import bare_name, beside
from midair.rewriting.exchange import sequence_options
from midair.rewriting.names import raw_path, temporary
from midair.rewriting.syncing import literal


@frozen
class Indexed:
    """An index that the new table has too, under the name `temporary` until the exchange; `was` is the old one's from then on.

    `late`: built by itself once the table is full. `adopts`: what makes it a constraint then. `index` is the old table's.
    """

    index: AttachedIndex
    name: str
    temporary: str
    was: str
    made: str
    late: bool
    adopts: str | None = None

    def aside(self, table: str) -> Iterator[str]:
        """The old table's makes way."""
        yield f"ALTER INDEX {beside(table, self.index.name)} RENAME TO {self.was}"

    def enters(self, table: str) -> Iterator[str]:
        """The new table's gets the name, and what the old one had besides."""
        index = self.index
        if self.adopts is not None:
            yield f"ALTER TABLE {table} ADD CONSTRAINT {self.name} {self.adopts}"
        else:
            yield f"ALTER INDEX {beside(table, self.temporary)} RENAME TO {self.name}"
        if index.comment:
            yield f"COMMENT ON INDEX {beside(table, self.name)} IS {literal(index.comment)}"
        if index.constraint and index.constraint_comment:
            yield f"COMMENT ON CONSTRAINT {self.name} ON {table} IS {literal(index.constraint_comment)}"
        if index.replica:
            yield f"ALTER TABLE {table} REPLICA IDENTITY USING INDEX {self.name}"
        if index.clustered:
            yield f"ALTER TABLE {table} CLUSTER ON {self.name}"

    def returns(self, table: str) -> Iterator[str]:
        """The old table's has its name again."""
        yield f"ALTER INDEX {beside(table, self.was)} RENAME TO {self.index.name}"


@frozen
class Counting:
    """A column that counts by a sequence, which goes along. `kind` is the integer type that it counts in afterwards."""

    column: Column
    sequence: OwnSequence
    kind: str

    @property
    def setting(self) -> str:
        """A setting of the transaction, in which the sequence's place is carried over."""
        return f"midair.next_{sha256(self.sequence.name.encode()).hexdigest()[:8]}"


@frozen
class Standing:
    """`keys` are the foreign keys, in both directions, that whichever table has the place has; `own` those of the old table alone.
    `counting` are the columns with a sequence, `columns` those of both tables. `placed` and `replaced` are further statements for
    the end of the exchange, and of its way back.
    """

    table: str
    other: StandIn
    keys: tuple[AttachedConstraint, ...]
    counting: tuple[Counting, ...]
    statistics: tuple[AttachedStatistics, ...]
    columns: tuple[tuple[str, AttachedColumn], ...]
    own: tuple[AttachedConstraint, ...] = ()
    placed: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    persistence: tuple[str, str] | None = None
    """`LOGGED` or `UNLOGGED`, before and after, where that changes: sequences of their own change with the table."""

    @property
    def neighbours(self) -> tuple[str, ...]:
        """The other relations that are locked in the exchange."""
        tables = {name for each in (*self.keys, *self.own) for name in (each.table, each.references) if name}
        return (*tables, *(each.name for each in self.other.views))

    def leaves(self, table: str, *, dropped: bool = False) -> Iterator[str]:
        """Everything that cannot be there twice goes; `dropped`: its table goes too."""
        for each in self.keys if dropped else (*self.keys, *self.own):
            yield f"ALTER TABLE {each.table} DROP CONSTRAINT {each.name}"
        for each in self.counting:
            if each.column.identity:
                place = f"(SELECT last_value || ',' || is_called FROM {each.sequence.name})"
                yield f"SELECT set_config('{each.setting}', {place}, true)"
                yield f"ALTER TABLE {table} ALTER COLUMN {each.column.name} DROP IDENTITY"
        for each in self.other.publications:
            yield f"ALTER PUBLICATION {each.name} DROP TABLE {table}"
        if dropped:
            return
        for each in self.other.triggers:
            if each.enabled != "D":
                yield f"ALTER TABLE {table} DISABLE TRIGGER {each.name}"
        for each in self.statistics:
            yield f"ALTER STATISTICS {each.name} RENAME TO {temporary('was', each.name)}"

    def enters(self, table: str, *, first: bool) -> Iterator[str]:
        """The table has it all; `first`: it never had it before, else it is the old one again."""
        yield from self._sequences(table, first=first)
        for each in self.keys if first else (*self.keys, *self.own):
            again = each.definition if not each.valid else f"{each.definition} NOT VALID"
            yield f"ALTER TABLE {each.table} ADD CONSTRAINT {each.name} {again}"
            if each.comment:
                yield f"COMMENT ON CONSTRAINT {each.name} ON {each.table} IS {literal(each.comment)}"
        if first:
            yield from self._rights(table)
            yield from self._triggers(table)
            for each in self.statistics:
                yield f"ALTER STATISTICS {beside(each.name, temporary('st', each.name))} RENAME TO {bare_name(each.name)}"
        else:
            for each in self.other.triggers:
                yield from _enabled(table, each.name, each.enabled)
        for each in self.other.views:
            options = f" WITH ({', '.join(each.options)})" if each.options else ""
            yield f"CREATE OR REPLACE VIEW {each.name}{options} AS {each.definition.rstrip().rstrip(';')}"
        yield from self.other.functions
        for each in self.other.publications:
            columns = f" ({', '.join(each.columns)})" if each.columns else ""
            rows = f" WHERE ({each.filter})" if each.filter else ""
            yield f"ALTER PUBLICATION {each.name} ADD TABLE {table}{columns}{rows}"
        yield from self.placed if first else self.replaced

    def _sequences(self, table: str, *, first: bool) -> Iterator[str]:
        for each in self.counting:
            sequence, name = each.sequence, each.column.name
            kind = each.kind if first else sequence.kind
            if not each.column.identity:
                yield f"ALTER SEQUENCE {sequence.name} OWNED BY {table}.{name}"
                if each.kind != sequence.kind:
                    yield f"ALTER SEQUENCE {sequence.name} AS {kind}"
                if self.persistence is not None:
                    yield f"ALTER SEQUENCE {sequence.name} SET {self.persistence[first]}"
                continue
            always = "ALWAYS" if each.column.identity == "always" else "BY DEFAULT"
            yield f"ALTER TABLE {table} ALTER COLUMN {name} ADD GENERATED {always} AS IDENTITY ({sequence_options(sequence, kind)})"
            place = f"string_to_array(current_setting('{each.setting}'), ',')"
            yield f"SELECT setval({literal(sequence.name)}, ({place})[1]::bigint, ({place})[2]::boolean)"
            if sequence.comment:
                yield f"COMMENT ON SEQUENCE {sequence.name} IS {literal(sequence.comment)}"
            for grant in sequence.grants:
                more = " WITH GRANT OPTION" if grant.grantable else ""
                yield f"GRANT {grant.right} ON SEQUENCE {sequence.name} TO {grant.to}{more}"

    def _rights(self, table: str) -> Iterator[str]:
        other = self.other
        if other.secured:
            yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
        yield from (each.replace("{table}", table) for each in (*other.policies, *other.grants))
        for name, facts in self.columns:
            for grant in facts.grants:
                more = " WITH GRANT OPTION" if grant.grantable else ""
                yield f"GRANT {grant.right} ({name}) ON TABLE {table} TO {grant.to}{more}"
        if other.identity in ("f", "n"):
            yield f"ALTER TABLE {table} REPLICA IDENTITY {'FULL' if other.identity == 'f' else 'NOTHING'}"

    def _triggers(self, table: str) -> Iterator[str]:
        for each in self.other.triggers:
            yield each.definition
            if each.enabled != "O":
                yield from _enabled(table, each.name, each.enabled)
            if each.comment:
                yield f"COMMENT ON TRIGGER {each.name} ON {table} IS {literal(each.comment)}"

    def validations(self, *, first: bool) -> Iterator[str]:
        """What is true of the rows already, proved again while work goes on."""
        for each in self.keys if first else (*self.keys, *self.own):
            if each.valid:
                yield f"ALTER TABLE {each.table} VALIDATE CONSTRAINT {each.name}"

    def statistics_made(self, table: str) -> Iterator[str]:
        """CREATE STATISTICS for the new table, under names of their own."""
        for each in self.statistics:
            sql = twins.statistics_on(each.definition, temporary("st", each.name), raw_path(table))
            if sql is not None:
                yield sql
                if each.comment:
                    yield f"COMMENT ON STATISTICS {beside(each.name, temporary('st', each.name))} IS {literal(each.comment)}"

    def statistics_return(self, table: str) -> Iterator[str]:
        """The old table's have their names again."""
        for each in self.statistics:
            yield f"ALTER STATISTICS {beside(each.name, temporary('was', each.name))} RENAME TO {bare_name(each.name)}"


def _enabled(table: str, trigger: str, letter: str) -> Iterator[str]:
    word = {"O": "ENABLE", "D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}[letter]
    yield f"ALTER TABLE {table} {word} TRIGGER {trigger}"
