"""A column takes another's place under one brief lock, with everything that hangs on it; and back again."""

from collections.abc import Iterator, Sequence

from midair.dialects.postgresql.attached import AttachedColumn, OwnSequence
from midair.dialects.postgresql.changes.names import literal
from midair.model.change import Column
from midair.model.frozen import frozen
from midair.rewriting.carried import Carried

_NEXT = "midair.next_number"
"""A setting of the transaction, in which a sequence's place is carried over."""
_TOP = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}


@frozen
class Exchange:
    """`comes` takes the name of `column`; what had it becomes `aside`, or is dropped where that is `None`.

    `kind` is the integer type its sequence counts in from then on, where it has one. `not_null` is the name of the
    constraint behind its NOT NULL (from 18) and the one it has by now. `had_default` is about the one that leaves.
    """

    table: str
    column: Column
    facts: AttachedColumn
    comes: str
    aside: str | None
    carried: tuple[Carried, ...]
    kind: str | None = None
    not_null: tuple[str, str] | None = None
    had_default: bool = False

    def statements(self, triggers: Sequence[str]) -> tuple[str, ...]:
        """In order, for one transaction; `triggers` are those that change the direction of what is kept in step."""
        leaving = [each.leaves(dropped=self.aside is None) for each in reversed(self.carried)]
        table, name = self.table, self.column.name
        return (
            *triggers,
            *(each for each in leaving if each is not None),
            *self._sequence_leaves(),
            *(
                (f"ALTER TABLE {table} DROP COLUMN {name}",)
                if self.aside is None
                else (f"ALTER TABLE {table} RENAME COLUMN {name} TO {self.aside}",)
            ),
            f"ALTER TABLE {table} RENAME COLUMN {self.comes} TO {name}",
            *self._demands(),
            *self._sequence_enters(),
            *(text for each in self.carried for text in each.enters(kept=self.aside is None)),
        )

    def _demands(self) -> Iterator[str]:
        """Default and NOT NULL: the column that is put aside has neither, so that nobody is held up by it."""
        table, name = self.table, self.column.name
        if self.column.default is not None and not self.column.default.null:
            yield f"ALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT {self.column.default.sql}"
        if self.had_default and self.aside is not None:
            yield f"ALTER TABLE {table} ALTER COLUMN {self.aside} DROP DEFAULT"
        if self.column.not_null and self.aside is not None:
            yield f"ALTER TABLE {table} ALTER COLUMN {self.aside} DROP NOT NULL"
        if self.not_null is not None and self.not_null[0] != self.not_null[1]:
            yield f"ALTER TABLE {table} RENAME CONSTRAINT {self.not_null[1]} TO {self.not_null[0]}"

    def _sequence_leaves(self) -> Iterator[str]:
        sequence = self.facts.sequence
        if sequence is None:
            return
        table, name = self.table, self.column.name
        if self.column.identity:
            value = f"CASE WHEN is_called THEN last_value + {sequence.increment} ELSE last_value END"
            yield f"SELECT set_config('{_NEXT}', (SELECT {value} FROM {sequence.name})::text, true)"
            yield f"ALTER TABLE {table} ALTER COLUMN {name} DROP IDENTITY"
        else:
            # Before its column goes, or it would go along.
            yield f"ALTER SEQUENCE {sequence.name} OWNED BY {table}.{self.comes}"
            yield f"ALTER TABLE {table} ALTER COLUMN {name} DROP DEFAULT"

    def _sequence_enters(self) -> Iterator[str]:
        sequence = self.facts.sequence
        if sequence is None:
            return
        table, name = self.table, self.column.name
        if self.column.identity:
            always = "ALWAYS" if self.column.identity == "always" else "BY DEFAULT"
            options = sequence_options(sequence, self.kind or sequence.kind)
            yield f"ALTER TABLE {table} ALTER COLUMN {name} ADD GENERATED {always} AS IDENTITY ({options})"
            yield f"SELECT setval({literal(sequence.name)}, current_setting('{_NEXT}')::bigint, false)"
            if sequence.comment:
                yield f"COMMENT ON SEQUENCE {sequence.name} IS {literal(sequence.comment)}"
            for each in sequence.grants:
                more = " WITH GRANT OPTION" if each.grantable else ""
                yield f"GRANT {each.right} ON SEQUENCE {sequence.name} TO {each.to}{more}"
            return
        if self.kind is not None and self.kind != sequence.kind:
            yield f"ALTER SEQUENCE {sequence.name} AS {self.kind}"
        if self.column.serial and self.column.default is None:
            yield f"ALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT nextval({literal(sequence.name)})"


def sequence_options(sequence: OwnSequence, kind: str) -> str:
    """The sequence's options; a bound that was the old type's own becomes the new type's."""
    top = _TOP.get(sequence.kind)
    parts = [f"SEQUENCE NAME {sequence.name}", f"START {sequence.start}", f"INCREMENT {sequence.increment}"]
    if sequence.increment > 0 and sequence.maximum == top:
        parts.append(f"MINVALUE {sequence.minimum}")
    elif sequence.increment < 0 and top is not None and sequence.minimum == -top - 1:
        parts.append(f"MAXVALUE {sequence.maximum}")
    else:
        parts += [f"MINVALUE {sequence.minimum}", f"MAXVALUE {sequence.maximum}"]
    parts += [f"CACHE {sequence.cache}", "CYCLE" if sequence.cycle else "NO CYCLE"]
    return " ".join(parts)
