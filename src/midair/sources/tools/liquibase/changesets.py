"""A changeSet's node as a changeset: attributes, changes, rollbacks, modifySql (liquibase.md §1.3, §1.7, §1.8)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from midair.errors import BadMigration
from midair.sources.tools.liquibase.files import normal
from midair.sources.tools.liquibase.model import Change, Changeset, Rollback, Visitor
from midair.sources.tools.liquibase.nodes import Node
from midair.sources.tools.liquibase.parts import change_of, is_change
from midair.sources.tools.liquibase.properties import Scope

_ATTRIBUTES = frozenset(
    each.lower()
    for each in [
        "id",
        "author",
        "context",
        "contextFilter",
        "labels",
        "dbms",
        "runAlways",
        "alwaysRun",
        "runOnChange",
        "failOnError",
        "onValidationFail",
        "runInTransaction",
        "logicalFilePath",
        "objectQuotingStrategy",
        "ignore",
        "runOrder",
        "created",
        "runWith",
        "runWithSpoolFile",
        "formatted",
        "comment",
        "validCheckSum",
        "preConditions",
        "rollback",
        "modifySql",
        "changes",
    ]
)
_VISITORS = {
    each.lower(): each for each in ("append", "prepend", "replace", "regExpReplace", "appendSqlIfNotPresent")
}
_STRATEGIES = ("LEGACY", "QUOTE_ALL_OBJECTS", "QUOTE_ONLY_RESERVED_WORDS")
_BLANKS = "".join(map(chr, range(0x21)))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the file a changeset stands in, and the includes above it, give it."""

    path: str
    """The identity's path when the changeset has none of its own."""
    file: str
    contexts: tuple[str, ...] = ()
    labels: tuple[tuple[str, ...], ...] = ()
    quoting: str = "LEGACY"
    removed: Callable[[str], Sequence[str]] = lambda _: ()
    """The column fields removeChangeSetProperty takes away, by change type."""


def changeset_of(written: Node, scope: Scope, around: Surroundings) -> Changeset:
    """The changeset of a node, properties in their places.

    Raises:
        BadMigration: it has no id, an unknown change, or an attribute that cannot be what it must be.
    """
    scope = scope.within(_own_names(written, scope, around))
    has_property = _has_property(written)
    node = written.mapped(scope.expanded) if has_property else written
    name, author = node.get("id"), node.get("author") or ""
    if not name:
        raise BadMigration(
            f"{node.span} a changeSet has no id", hint="give it one that is unique in its file"
        )
    logical = node.get("logicalFilePath")
    own_labels = labels_of(node)
    expression = context_of(node)
    return Changeset(
        id=name,
        author=author,
        path=_identity(logical) if logical else around.path,
        file=around.file,
        span=node.span,
        changes=tuple(_changes(node, around, scope)),
        rollbacks=tuple(
            rollback for each in node.all("rollback") for rollback in _rollbacks(each, around, scope)
        ),
        visitors=tuple(visitor for each in node.all("modifySql") for visitor in _visitors(each)),
        contexts=(*around.contexts, *((expression,) if expression else ())),
        labels=(*around.labels, *((own_labels,) if own_labels else ())),
        dbms=node.get("dbms"),
        run_always=bool(node.flag("runAlways") or node.flag("alwaysRun")),
        run_on_change=bool(node.flag("runOnChange")),
        fail_on_error=node.flag("failOnError") is not False,
        mark_ran_when_invalid=(node.get("onValidationFail") or "").upper() == "MARK_RAN",
        in_transaction=node.flag("runInTransaction") is not False,
        run_order=_run_order(node),
        run_with=node.get("runWith"),
        quoting=quoting_of(node) or around.quoting,
        comments="\n".join(each.text or "" for each in node.all("comment")).strip(_BLANKS),
        preconditions=node.child("preConditions"),
        valid_sums=tuple(each.text.strip() for each in node.all("validCheckSum") if each.text),
        formatted=bool(node.flag("formatted")),
        source=written,
        flat=partial(changeset_of, written, replace(scope, one_pass=True), around)
        if has_property and not scope.one_pass
        else None,
    )


def _has_property(node: Node) -> bool:
    if node.text is not None and "${" in node.text:
        return True
    return any(map(_has_property, node.children))


def _own_names(written: Node, scope: Scope, around: Surroundings) -> dict[str, str]:
    """`${LIQUIBASE_EXECUTION_…}`, which Liquibase knows since 4.2x."""
    values = {
        "changeset_id": written.get("id"),
        "author": written.get("author"),
        "changelog_file": around.path,
    }
    return {f"liquibase_execution_{name}": scope.expanded(text) for name, text in values.items() if text}


def context_of(node: Node) -> str | None:
    """A context expression: `contextFilter` wins over `context`."""
    return (node.get("contextFilter") or node.get("context") or "").strip() or None


def labels_of(node: Node) -> tuple[str, ...]:
    """Labels, lower-cased."""
    return tuple(each.strip().lower() for each in (node.get("labels") or "").split(",") if each.strip())


def quoting_of(node: Node) -> str | None:
    """The object quoting strategy a node sets.

    Raises:
        BadMigration: there is no such strategy.
    """
    strategy = node.get("objectQuotingStrategy")
    if strategy is not None and strategy not in _STRATEGIES:
        raise BadMigration(
            f"{node.span} objectQuotingStrategy is {strategy!r}",
            hint=f"it is one of {', '.join(_STRATEGIES)}",
        )
    return strategy


def _identity(path: str) -> str:
    """A logical path as the history has it: a `classpath:` prefix stays."""
    return path.replace("\\", "/").removeprefix("/")


def _run_order(node: Node) -> str | None:
    order = node.get("runOrder")
    if order is not None and order.lower() not in ("first", "last"):
        raise BadMigration(f"{node.span} runOrder is {order!r}", hint="it is first or last")
    return order.lower() if order else None


def _changes(node: Node, around: Surroundings, scope: Scope) -> Iterator[Change]:
    for each in node.children:
        if each.name.lower() == "changes":
            yield from (change for inner in each.children for change in _change(inner, around, scope))
        elif each.name.lower() not in _ATTRIBUTES:
            yield from _change(each, around, scope)


def _change(node: Node, around: Surroundings, scope: Scope) -> Iterator[Change]:
    if is_change(node.name):
        yield change_of(node, around.file, scope, around.removed(node.name))
    elif node.children:
        raise BadMigration(
            f"{node.span} {node.name!r} is no change type of Liquibase's open-source edition",
            hint="an extension's change can be run by Liquibase and then recorded with `midair stamp`",
        )


def _rollbacks(node: Node, around: Surroundings, scope: Scope) -> Iterator[Rollback]:
    other = node.get("changeSetId")
    if other is not None:
        path = node.get("changeSetPath")
        yield Rollback(
            (), (normal(path) if path else around.path, other, node.get("changeSetAuthor") or ""), node.span
        )
        return
    changes: list[Change] = []
    if node.text:
        # text of its own is SQL: comments are stripped, it is split at `;`
        fields = {"sql": node.text, "splitStatements": "true", "stripComments": "true"}
        span = node.text_span
        changes.append(Change("sql", fields, span, around.file, scope=scope, sql_span=span))
    changes += [change for each in node.children for change in _change(each, around, scope)]
    yield Rollback(tuple(changes), None, node.span)


def _visitors(node: Node) -> Iterator[Visitor]:
    for each in node.children:
        name = _VISITORS.get(each.name.lower())
        if name is not None:
            yield Visitor(
                name,
                each.get("value") if each.get("value") is not None else each.text,
                each.get("replace"),
                each.get("with"),
                node.get("dbms"),
                context_of(node),
                ",".join(labels_of(node)) or None,
                bool(node.flag("applyToRollback")),
            )
