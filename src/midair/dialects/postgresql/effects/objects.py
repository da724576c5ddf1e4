"""What views, types, sequences, triggers and other objects cost."""

from midair.dialects.postgresql.effects.cost import (
    Situation,
    both,
    everyone,
    filled,
    has_indexes,
    locks,
    missing,
    refused,
    scans,
)
from midair.dialects.postgresql.facts import LOCKS, SINCE, WITHOUT_TRANSACTION
from midair.model.change import (
    ChangeComposite,
    ChangeDomain,
    ChangePart,
    ChangeSequence,
    ChangeServer,
    CreateSequence,
    CreateTrigger,
    CreateView,
    DropObject,
    RefreshView,
)
from midair.model.effects import Effects
from midair.model.frozen import replace
from midair.model.schema import Schema, Table

_CHECKING = ("add constraint", "validate", "set not null")


def create_view(change: CreateView, at: Situation) -> Effects:
    """CREATE VIEW: the tables are only read; replacing locks the view."""
    schema = at.schema
    found = locks("select", *change.reads)
    if change.materialized:
        return both(found, scans(name for each in change.reads for name in filled(schema, each)))
    old = schema.tables.get(change.view)
    if old is None or not change.replace:
        return found
    if old.view_columns and change.columns and change.columns[: len(old.view_columns)] != old.view_columns:
        return refused("42P16")
    return both(found, locks("replace view", change.view))


def refresh(change: RefreshView, at: Situation) -> Effects:
    """REFRESH MATERIALIZED VIEW."""
    schema = at.schema
    view = schema.tables.get(change.view)
    if not change.with_data:
        return locks("refresh", change.view)
    reads = view.reads if view else ()
    scanned = {name for each in reads for name in filled(schema, each)} | {change.view}
    found = both(
        locks("refresh concurrently" if change.concurrently else "refresh", change.view),
        locks("select", *reads),
        scans(scanned),
    )
    if change.concurrently:
        fit = view is None or not view.reads or any(each.unique and not each.partial for each in view.indexes)
        return found if fit else refused("55000")
    rebuilt = frozenset({change.view} if has_indexes(view) and (view is None or view.indexes) else ())
    return replace(found, rewrites=frozenset({change.view}), rebuilds=rebuilt)


def create_trigger(change: CreateTrigger, at: Situation) -> Effects:
    """CREATE TRIGGER, on partitions too."""
    if change.replace and at.version < SINCE["replace trigger"]:
        return refused("42601")
    found = locks("create trigger", *everyone(at.schema, change.table))
    return both(found, locks("select", change.references)) if change.references else found


def change_part(change: ChangePart, at: Situation) -> Effects:
    """A trigger, rule or policy of a table."""
    table = at.schema.tables.get(change.table)
    known = table is not None and (table.known or bool(table.parts))
    if change.if_exists and table is not None and known and (change.kind, change.name) not in table.parts:
        return Effects()
    return locks(f"{change.verb} {change.kind}", change.table)


def drop_object(change: DropObject, at: Situation) -> Effects:
    """DROP of views, sequences, types, functions, schemas and the rest."""
    schema = at.schema
    match change.kind:
        case "view" | "materialized view":
            if missing(schema, change.name):
                return Effects()
            above = [each.name for each in schema.tables.values() if change.name in each.reads]
            return (
                locks("drop view", change.name, *above) if change.cascade or not above else refused("2BP01")
            )
        case "sequence":
            owner = schema.sequences.get(change.name)
            return locks("drop sequence", change.name, *((owner,) if owner and change.cascade else ()))
        case "type" | "domain":
            return _drop_type(change, schema)
        case "function":
            users = [
                each.name
                for each in schema.tables.values()
                if change.name in dict(each.trigger_functions).values() and _still(each, change.name)
            ]
            if users and not change.cascade:
                return refused("2BP01")
            return locks("drop trigger", *users)
        case "schema":
            return _drop_schema(change, schema)
        case "statistics":
            owners = [
                each.name for each in schema.tables.values() if ("statistics", change.name) in each.parts
            ]
            return locks("drop statistics", *owners)
        case _:
            return Effects()


def _still(table: Table, function: str) -> bool:
    """A trigger that is still there calls the function."""
    return any(
        ("trigger", name) in table.parts for name, called in table.trigger_functions if called == function
    )


def _drop_type(change: DropObject, schema: Schema) -> Effects:
    users = [
        each.name
        for each in schema.tables.values()
        if any(column.type.name == change.name for column in each.columns)
    ]
    if not users:
        return Effects()
    return locks("drop column", *users) if change.cascade else refused("2BP01")


def _drop_schema(change: DropObject, schema: Schema) -> Effects:
    inside = [each for each in schema.tables.values() if each.name.startswith(f"{change.name}.")]
    if inside and not change.cascade:
        return refused("2BP01")
    keys = [key.references for each in inside for key in each.constraints if key.references]
    return locks("drop table", *(each.name for each in inside), *(each for each in keys if each))


def change_sequence(change: ChangeSequence, at: Situation) -> Effects:
    """ALTER SEQUENCE: inserts that ask for a number wait (fact 39)."""
    return both(
        locks("alter sequence", change.name),
        locks("select", *((change.owned_by,) if change.owned_by else ())),
    )


def create_sequence(change: CreateSequence, at: Situation) -> Effects:
    """CREATE SEQUENCE OWNED BY looks its table up."""
    return locks("select", *((change.owned_by,) if change.owned_by else ()))


def change_domain(change: ChangeDomain, at: Situation) -> Effects:
    """ALTER DOMAIN: a new check reads every table with such a column (fact 33)."""
    if change.verb not in _CHECKING:
        return Effects()
    schema = at.schema
    users = [
        each.name
        for each in schema.tables.values()
        if any(column.type.name == change.name for column in each.columns)
    ]
    found = both(
        locks("domain check", *users), scans(name for each in users for name in filled(schema, each))
    )
    return found if schema.complete else replace(found, assumed=(f"which tables use {change.name}",))


def change_composite(change: ChangeComposite, at: Situation) -> Effects:
    """ALTER TYPE … ATTRIBUTE."""
    schema = at.schema
    users = [
        each
        for each in schema.tables.values()
        if any(column.type.name == change.name for column in each.columns)
    ]
    if change.retypes and users:
        return refused("0A000")
    typed = (
        [each.name for each in schema.tables.values() if each.of_type == change.name]
        if change.cascade
        else []
    )
    return locks("alter type", change.name, *typed)


def change_server(change: ChangeServer, at: Situation) -> Effects:
    """Comments, rights, publications, and statements about the server."""
    if change.action in ("grant", "revoke"):
        return (
            locks("select", *change.relations) if at.version >= SINCE["grant locks relation"] else Effects()
        )
    if change.action in WITHOUT_TRANSACTION:
        return Effects(transactional=False)
    if change.action in LOCKS:
        return locks(change.action, *change.relations)
    return Effects()
