"""Columns and constraints, inline and by themselves."""

from typing import Any

from midair.dialects.postgresql import nodes as pb
from midair.dialects.postgresql.changes.expressions import (
    bounds_of,
    columns_in,
    default_of,
    proven_not_null,
    sql_of,
)
from midair.dialects.postgresql.changes.names import chosen, identifier, relation, strings
from midair.dialects.postgresql.changes.types import data_type
from midair.model.change import Column, Constraint, ConstraintKind, Index
from midair.model.frozen import replace
from midair.model.schema import bare_name, beside

_LABELS = {
    ConstraintKind.CHECK: "check",
    ConstraintKind.FOREIGN_KEY: "fkey",
    ConstraintKind.UNIQUE: "key",
    ConstraintKind.PRIMARY_KEY: "pkey",
    ConstraintKind.EXCLUDE: "excl",
    ConstraintKind.NOT_NULL: "not_null",
}


def _raw(name: str) -> str:
    bare = bare_name(name)
    return bare[1:-1].replace('""', '"') if bare.startswith('"') else bare


def column(tree: Any, table: str) -> tuple[Column, tuple[Constraint, ...], tuple[Index, ...]]:
    """A column with the constraints and indexes that were written behind it."""
    kind, serial = data_type(tree.type_name)
    name = identifier(tree.colname)
    made = Column(name, kind, not_null=serial, serial=serial, collation=_collation(tree))
    constraints: list[Constraint] = []
    indexes: list[Index] = []
    for node in tree.constraints:
        part = node.constraint
        made, constraint = _inline(part, made, table)
        if constraint is not None:
            constraints.append(constraint)
            index = index_of(constraint, table)
            indexes += [index] if index else []
    made = replace(
        made, not_null=made.not_null or any(each.kind is ConstraintKind.PRIMARY_KEY for each in constraints)
    )
    return made, _deferred(tree, constraints), tuple(indexes)


def _collation(tree: Any) -> str | None:
    return identifier(strings(tree.coll_clause.collname)[-1]) if tree.HasField("coll_clause") else None


def _inline(part: Any, made: Column, table: str) -> tuple[Column, Constraint | None]:

    match part.contype:
        case pb.CONSTR_NOTNULL:
            return replace(made, not_null=True), None
        case pb.CONSTR_DEFAULT:
            default = default_of(part.raw_expr)
            return replace(made, default=default), None
        case pb.CONSTR_IDENTITY:
            return replace(
                made, identity="always" if part.generated_when == "a" else "by default", not_null=True
            ), None
        case pb.CONSTR_GENERATED:
            kind = "virtual" if part.generated_kind == "v" else "stored"
            return replace(made, generated=kind, generated_from=frozenset(columns_in(part.raw_expr))), None
        case pb.CONSTR_CHECK | pb.CONSTR_PRIMARY | pb.CONSTR_UNIQUE | pb.CONSTR_FOREIGN | pb.CONSTR_EXCLUSION:
            return made, constraint(part, table, made.name)
        case _:
            return made, None


def _deferred(tree: Any, constraints: list[Constraint]) -> tuple[Constraint, ...]:
    """Attributes that stand behind a constraint (`… REFERENCES t DEFERRABLE`, `… NOT ENFORCED`)."""

    marks = {node.constraint.contype for node in tree.constraints}
    if pb.CONSTR_ATTR_DEFERRABLE in marks or pb.CONSTR_ATTR_DEFERRED in marks:
        later = pb.CONSTR_ATTR_DEFERRED in marks
        constraints = [replace(each, deferrable=True, deferred=later) for each in constraints]
    if pb.CONSTR_ATTR_NOT_ENFORCED in marks:
        constraints = [replace(each, enforced=False, valid=False) for each in constraints]
    return tuple(constraints)


def constraint(part: Any, table: str, on_column: str | None = None) -> Constraint:
    """A constraint with the server's own name where the author gave none; NULL and kin are not passed here."""

    kinds = {
        pb.CONSTR_CHECK: ConstraintKind.CHECK,
        pb.CONSTR_FOREIGN: ConstraintKind.FOREIGN_KEY,
        pb.CONSTR_UNIQUE: ConstraintKind.UNIQUE,
        pb.CONSTR_PRIMARY: ConstraintKind.PRIMARY_KEY,
        pb.CONSTR_EXCLUSION: ConstraintKind.EXCLUDE,
        pb.CONSTR_NOTNULL: ConstraintKind.NOT_NULL,
    }
    kind = kinds[part.contype]
    columns = _columns(part, kind, on_column)
    named = bool(part.conname)
    name = identifier(part.conname) if named else _default_name(part, kind, table, columns)
    is_key = kind is ConstraintKind.FOREIGN_KEY
    check = part.raw_expr if kind is ConstraintKind.CHECK else None
    return Constraint(
        name,
        kind,
        columns,
        named=named,
        valid=not part.skip_validation
        and (part.is_enforced or kind not in (ConstraintKind.CHECK, ConstraintKind.FOREIGN_KEY)),
        enforced=part.is_enforced or kind not in (ConstraintKind.CHECK, ConstraintKind.FOREIGN_KEY),
        deferrable=part.deferrable,
        deferred=part.initdeferred,
        references=relation(part.pktable) if is_key else None,
        referenced_columns=tuple(identifier(each) for each in strings(part.pk_attrs)),
        cascades=is_key and ("c" in (part.fk_upd_action, part.fk_del_action)),
        using_index=beside(table, identifier(part.indexname)) if part.indexname else None,
        proves_not_null=proven_not_null(check) if check is not None else frozenset(),
        bounds=bounds_of(check) if check is not None else (),
        clause=clause(part, kind, columns),
        no_inherit=part.is_no_inherit,
    )


def _columns(part: Any, kind: ConstraintKind, on_column: str | None) -> tuple[str, ...]:
    match kind:
        case ConstraintKind.FOREIGN_KEY:
            given = tuple(identifier(each) for each in strings(part.fk_attrs))
        case ConstraintKind.CHECK:
            return columns_in(part.raw_expr)
        case ConstraintKind.EXCLUDE:
            elements = [pair.list.items[0].index_elem for pair in part.exclusions]
            return tuple(identifier(each.name) for each in elements if each.name)
        case _:
            given = tuple(identifier(each) for each in strings(part.keys))
    return given or ((on_column,) if on_column else ())


def _default_name(part: Any, kind: ConstraintKind, table: str, columns: tuple[str, ...]) -> str:
    names = [_raw(each) for each in columns]
    label = _LABELS[kind]
    match kind:
        case ConstraintKind.PRIMARY_KEY:
            return chosen(_raw(table), label=label)
        case ConstraintKind.CHECK:
            return chosen(_raw(table), *(names if len(names) == 1 else ()), label=label)
        case _:
            return chosen(_raw(table), *names, label=label)


def clause(part: Any, kind: ConstraintKind, columns: tuple[str, ...]) -> str:
    """The constraint as SQL from its keyword on, without NOT VALID and deferrability."""
    listed = ", ".join(columns)
    match kind:
        case ConstraintKind.CHECK:
            return f"CHECK ({sql_of(part.raw_expr)})"
        case ConstraintKind.NOT_NULL:
            return f"NOT NULL {listed}"
        case ConstraintKind.FOREIGN_KEY:
            target = ", ".join(identifier(each) for each in strings(part.pk_attrs))
            actions = {"c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT", "r": "RESTRICT"}
            deleted = f" ON DELETE {actions[part.fk_del_action]}" if part.fk_del_action in actions else ""
            updated = f" ON UPDATE {actions[part.fk_upd_action]}" if part.fk_upd_action in actions else ""
            references = relation(part.pktable) + (f" ({target})" if target else "")
            return f"FOREIGN KEY ({listed}) REFERENCES {references}{deleted}{updated}{_deferral(part)}"
        case ConstraintKind.UNIQUE | ConstraintKind.PRIMARY_KEY:
            return f"{kind.upper()} ({listed})"
        case ConstraintKind.EXCLUDE:
            return "EXCLUDE"


def _deferral(part: Any) -> str:
    return (" DEFERRABLE" if part.deferrable else "") + (" INITIALLY DEFERRED" if part.initdeferred else "")


def index_of(made: Constraint, table: str) -> Index | None:
    """The index that stands behind a unique, primary key or exclusion constraint."""
    if made.using_index or made.kind not in (
        ConstraintKind.UNIQUE,
        ConstraintKind.PRIMARY_KEY,
        ConstraintKind.EXCLUDE,
    ):
        return None
    unique = made.kind is not ConstraintKind.EXCLUDE
    return Index(
        beside(table, made.name),
        made.columns,
        frozenset(made.columns),
        unique=unique,
        method="btree" if unique else "gist",
        constraint=made.name,
        keys=f"{'unique ' if unique else ''}({', '.join(made.columns)})",
    )
