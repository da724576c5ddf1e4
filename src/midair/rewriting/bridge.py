"""A view in a table's place, through which an old name goes on being read and written."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from midair.dialects.postgresql.bridging import Bridging
from midair.dialects.postgresql.changes import changes_of
from midair.dialects.postgresql.changes.names import identifier, literal
from midair.dialects.postgresql.facts import SINCE
from midair.model.change import Change
from midair.model.schema import Table, bare_name, beside
from midair.model.statement import Sql, Statement
from midair.rewriting import tripwire
from midair.rewriting.names import raw
from midair.rewriting.recipe import NoWay
from midair.rewriting.rewrite import Case

WAYS = (
    "run it with --strategy direct in a window in which the application is down; "
    "or write it as an added column or table that the application fills itself, and drop the old one later"
)
_LONGEST = 63


@dataclass(frozen=True, slots=True)
class Bridge:
    """A table that can have a view in its place, and what that view copies."""

    table: Table
    facts: Bridging
    invoker: bool
    """The view's reads and writes are checked as those of whoever uses it."""

    def says(self, column: str) -> bool:
        """A trigger's function on the table says the column's name, which the server does not track."""
        word = re.compile(rf"\b{re.escape(raw(column))}\b", re.IGNORECASE)
        return any(word.search(source) for source in self.facts.trigger_sources)

    def statements(
        self,
        view: str,
        columns: Sequence[tuple[str, str]],
        table: str,
        was: Mapping[str, str] | None = None,
        wire: str | None = None,
        condition: str = "",
    ) -> tuple[str, ...]:
        """The view over `table`. `columns` are pairs: the table's own, and what the view calls it; `was` are
        the names of those that are renamed just now. `wire` is touched by whatever goes through the view,
        `condition` is true of every row.
        """
        shown = ", ".join(own if own == name else f"{own} AS {name}" for own, name in columns)
        security = " WITH (security_invoker = true)" if self.invoker else ""
        # The check option lets an INSERT, too, evaluate the condition.
        noted = f" WHERE {tripwire.condition(wire)} WITH LOCAL CHECK OPTION" if wire else ""
        noted = f" WHERE {condition}" if condition else noted
        made = [
            *((tripwire.laid(wire),) if wire else ()),
            f"CREATE VIEW {view}{security} AS SELECT {shown} FROM {table}{noted}",
            f"ALTER VIEW {view} OWNER TO {self.facts.owner}",
        ]
        made += [grant.replace("{view}", view) for grant in self.facts.grants]
        for column, grant in self.facts.column_grants:
            names = [name for own, name in columns if (was or {}).get(own, own) == column]
            made += [grant.replace("{view}", view).replace("{column}", name) for name in names]
        if self.facts.comment:
            made.append(f"COMMENT ON VIEW {view} IS {literal(self.facts.comment)}")
        return tuple(made)


def bridge_for(table: Table, case: Case) -> Bridge | NoWay:
    """The bridge that can stand in this table's place, or why none can."""
    if table.kind not in ("table", "partitioned"):
        return NoWay(f"{table.name} is a {table.kind}, and recipes are for tables", WAYS)
    facts = case.scene.bridging.get(table.name)
    if facts is None or not table.known:
        return NoWay(f"the catalog tells too little of {table.name}", WAYS)
    if facts.blocked:
        return NoWay(f"a view cannot stand in the place of {table.name}: {'; '.join(facts.blocked)}", WAYS)
    invoker = case.scene.version >= SINCE["security invoker"]
    if facts.row_security and not invoker:
        return NoWay(
            f"{table.name} has row security, which a view of this server version would pass by", WAYS
        )
    physical = case.scene.usage(table.name).physical
    if physical:
        return NoWay(f"a view does not take what the application says of {table.name}: {physical[0]}", WAYS)
    return Bridge(table, facts, invoker)


def only_change(statements: Sequence[Statement], number: int) -> Change | None:
    """What the statement at this place does, where there is one and it does one thing."""
    changes = changes_of(statements[number].sql) if number < len(statements) else ()
    return changes[0] if len(changes) == 1 else None


def base_name(table: str, case: Case) -> str | None:
    """A free name for the table behind the view: `orders__base`; `None` when there is none."""
    text = raw(bare_name(table)).encode()[: _LONGEST - 6].decode(errors="ignore") + "__base"
    name = beside(table, identifier(text))
    return None if case.scene.schema.exists(name) else name


def writable(view: str, table: str) -> Sql:
    """Counts what is missing of a bridge: the view that takes reads and writes, the table behind it."""
    return Sql(
        "SELECT (coalesce(pg_relation_is_updatable(to_regclass(%s), false), 0) & 28 <> 28)::int"
        " + (to_regclass(%s) IS NULL)::int",
        (view, table),
    )
