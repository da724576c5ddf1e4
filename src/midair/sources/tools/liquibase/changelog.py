"""Reads a root changelog with everything it includes, in the order it will run (liquibase.md §1)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from midair.errors import BadMigration, DuplicateRevision, MidairError, Unsupported
from midair.model.statement import Span
from midair.sources.tools.liquibase.changesets import (
    Surroundings,
    changeset_of,
    context_of,
    labels_of,
    quoting_of,
)
from midair.sources.tools.liquibase.expressions import has_labels, in_context, on_dbms
from midair.sources.tools.liquibase.files import SearchPath, beside, normal
from midair.sources.tools.liquibase.model import Changelog, Changeset, Runtime
from midair.sources.tools.liquibase.nodes import Node
from midair.sources.tools.liquibase.properties import Properties, Scope
from midair.sources.tools.liquibase.readers.formatted_sql import is_formatted, plain_sql, read_formatted_sql
from midair.sources.tools.liquibase.readers.xml import read_xml
from midair.sources.tools.liquibase.readers.yaml import read_yaml

SUFFIXES = (".xml", ".yaml", ".yml", ".json", ".sql")
_DEEPEST = 64
_TOP = {
    "changeset", "include", "includeall", "property", "preconditions", "removechangesetproperty", "logicalfilepath",
    "objectquotingstrategy", "context", "contextfilter", "changelogid", "changelogproperty",
}  # fmt: skip
_WEB = re.compile(r"WEB-INF/classes/")


def read_changelog(name: str, runtime: Runtime, search: SearchPath) -> Changelog:
    """The changelog of this logical name, changesets for other databases left out.

    Raises:
        BadMigration, UnreadableFile, Unsupported: as Liquibase would refuse it, with file and line.
        DuplicateRevision: the same path, id and author twice.
    """
    reading = _Reading(runtime, search, Properties(_fixed(runtime), *_mode(runtime)))
    reading.file(name, Span(name, 1), Surroundings("", ""), ())
    ordered = _in_order(reading.changesets)
    _refuse_twins(ordered, runtime)
    return Changelog(_one_each(ordered, runtime), tuple(reading.preconditions), tuple(reading.warnings))


def _mode(runtime: Runtime) -> tuple[str, bool]:
    mode = runtime.options.get("missingPropertyMode", "PRESERVE").upper()
    return mode, runtime.options.get("supportPropertyEscaping", "").lower() == "true"


def _fixed(runtime: Runtime) -> Mapping[str, str]:
    """Values no changelog can override: the environment's win over the built-in ones, those over the command line's."""
    parameters = {
        name.removeprefix("parameter.").lower(): value
        for name, value in runtime.options.items()
        if name.startswith("parameter.")
    }
    environment = {name.lower(): value for name, value in runtime.variables.items()}
    return {**parameters, **_built_in(runtime), **environment}


def _built_in(runtime: Runtime) -> Mapping[str, str]:
    functions = {"postgresql": "NOW()", "sqlite": "CURRENT_TIMESTAMP"}
    products = {"postgresql": "PostgreSQL", "sqlite": "SQLite", "mysql": "MySQL", "mariadb": "MariaDB"}
    schema = runtime.default_schema or ("public" if runtime.dbms == "postgresql" else None)
    values = {
        "database.typename": runtime.dbms,
        "database.currentdatetimefunction": functions.get(runtime.dbms, "NOW()"),
        "database.databaseproductname": products.get(runtime.dbms, runtime.dbms),
        "database.linecomment": "--",
        "database.defaultschemaname": schema,
        "database.liquibaseschemaname": runtime.options.get("liquibaseSchemaName") or schema,
    }
    return {name: value for name, value in values.items() if value}


def _in_order(changesets: Sequence[Changeset]) -> tuple[Changeset, ...]:
    first = [each for each in changesets if each.run_order == "first"]
    last = [each for each in changesets if each.run_order == "last"]
    return (*first, *(each for each in changesets if each.run_order is None), *last)


def _refuse_twins(changesets: Sequence[Changeset], runtime: Runtime) -> None:
    if runtime.options.get("allowDuplicatedChangesetIdentifiers", "").lower() == "true":
        return
    seen: dict[tuple[str, str, str], Changeset] = {}
    for each in changesets:
        if not selected(each, runtime):
            continue
        other = seen.setdefault((normal(each.path), each.id, each.author), each)
        if other is not each:
            raise DuplicateRevision(
                f"{each.span} {each.key} has the same path, id and author as the changeSet at {other.span}",
                hint=_apart(each, other),
            )


def _apart(one: Changeset, other: Changeset) -> str:
    """What tells twins apart: often the contexts that a run chooses from, and none is chosen."""
    if one.contexts == other.contexts:
        return "give one of them another id"
    wanted = " or ".join(", ".join(each.contexts) or "none" for each in (other, one))
    return f"choose the contexts that tell them apart ({wanted}) with LIQUIBASE_COMMAND_CONTEXTS or `[tools.liquibase] contexts`, as Liquibase asks too; or give one of them another id"


def _one_each(changesets: Sequence[Changeset], runtime: Runtime) -> tuple[Changeset, ...]:
    """One changeset of each identity: the one this run's contexts and labels take in, where several share it."""
    chosen: dict[tuple[str, str, str], Changeset] = {}
    for each in changesets:
        key = (normal(each.path), each.id, each.author)
        if key not in chosen or (selected(each, runtime) and not selected(chosen[key], runtime)):
            chosen[key] = each
    kept = {id(each) for each in chosen.values()}
    return tuple(each for each in changesets if id(each) in kept)


def selected(changeset: Changeset, runtime: Runtime) -> bool:
    """Whether contexts and labels of this run take the changeset in.

    Raises:
        BadMigration: its context expression cannot be read.
    """
    try:
        return all(in_context(each, runtime.contexts) for each in changeset.contexts) and all(
            has_labels(each, runtime.label_filter) for each in changeset.labels
        )
    except BadMigration as error:
        raise BadMigration(
            f"{changeset.span} {error.message}", hint="write the parentheses in pairs"
        ) from error


@dataclass(slots=True)
class _Reading:
    runtime: Runtime
    search: SearchPath
    properties: Properties
    changesets: list[Changeset] = field(default_factory=list[Changeset])
    preconditions: list[Node] = field(default_factory=list[Node])
    warnings: list[str] = field(default_factory=list[str])

    def file(self, name: str, span: Span, around: Surroundings, stack: tuple[str, ...]) -> None:
        """Reads one file; `stack` are the files that led to it."""
        logical = normal(name)
        if logical in stack or len(stack) > _DEEPEST:
            raise BadMigration(f"{span} includes {logical}, which includes it", hint="break the circle")
        path = self.search.locate(logical, span)
        if path is None:
            raise BadMigration(
                f"{span} The file {logical} was not found on the search path",
                hint="check its name and searchPath",
            )
        shown = self.search.shown(path)
        root = self._parsed(self.search.content(path), logical, shown, span)
        _Walk(self, root, logical, around, (*stack, logical)).go()

    def _parsed(self, data: bytes, logical: str, shown: str, span: Span) -> Node:
        suffix = "." + logical.rpartition(".")[2].lower()
        if suffix == ".xml":
            return read_xml(data, shown)
        if suffix in (".yaml", ".yml", ".json"):
            return read_yaml(data, shown)
        if suffix == ".sql":
            text = self._decoded(data, shown)
            return (
                read_formatted_sql(text, shown)
                if is_formatted(text)
                else plain_sql(text.removeprefix("\ufeff"), shown)
            )
        raise Unsupported(
            f"{span} includes {logical}, which is no changelog of a kind midair reads",
            hint=f"the kinds are {', '.join(SUFFIXES)}; Groovy changelogs need Liquibase itself",
        )

    def _decoded(self, data: bytes, shown: str) -> str:
        try:
            return data.decode(self.runtime.encoding, "replace")
        except LookupError as error:
            raise BadMigration(
                f"{shown}: fileEncoding {self.runtime.encoding!r} is not an encoding"
            ) from error


@dataclass(slots=True)
class _Walk:
    """One file's nodes, from top to bottom."""

    reading: _Reading
    root: Node
    file: str
    above: Surroundings
    stack: tuple[str, ...]
    _removed: list[tuple[str, tuple[str, ...]]] = field(default_factory=list[tuple[str, tuple[str, ...]]])
    _around: Surroundings = field(init=False)

    def go(self) -> None:
        for each in self._early():
            self._property(each)
        root = self._root()
        logical = root.get("logicalFilePath")
        own = context_of(root)
        self._around = replace(
            self.above,
            path=logical.replace("\\", "/").removeprefix("/") if logical else self.file,
            file=self.file,
            contexts=(own, *self.above.contexts) if own else self.above.contexts,
            quoting=quoting_of(root) or "LEGACY",
            removed=self._removed_of,
        )
        for each in self.root.children:
            self._node(each)

    def _early(self) -> Iterator[Node]:
        """In YAML and JSON, properties count before anything else of their file."""
        return self.root.all("property") if not self.file.lower().endswith((".xml", ".sql")) else iter(())

    def _root(self) -> Node:
        """The root with its own attributes only, expanded."""
        names = ("logicalfilepath", "objectquotingstrategy", "context", "contextfilter")
        kept = tuple(each for each in self.root.children if each.name.lower() in names)
        return replace(self.root, children=kept).mapped(self._scope().expanded)

    def _scope(self) -> Scope:
        return self.reading.properties.scope(self.file)

    def _node(self, node: Node) -> None:
        name = node.name.lower()
        try:
            match name:
                case "changeset":
                    self._changeset(node)
                case "include":
                    self._include(node.mapped(self._scope().expanded))
                case "includeall":
                    self._include_all(node.mapped(self._scope().expanded))
                case "property" if self.file.lower().endswith((".xml", ".sql")):
                    self._property(node)
                case "preconditions":
                    self.reading.preconditions.append(node.mapped(self._scope().expanded))
                case "removechangesetproperty":
                    self._remove(node)
                case _ if name not in _TOP and any(each.children for each in node.children):
                    raise BadMigration(f"{node.span} {node.name!r} is nothing a changelog can hold")
                case _:
                    pass
        except MidairError as error:
            if str(node.span.path) in error.message:
                raise
            raise type(error)(f"{node.span} {error.message}", hint=error.hint, state=error.state) from error

    def _changeset(self, node: Node) -> None:
        scope = self._scope()
        dbms = node.get("dbms")
        if node.flag("ignore") or not on_dbms(
            scope.expanded(dbms) if dbms else None, self.reading.runtime.dbms
        ):
            return
        self.reading.changesets.append(changeset_of(node, scope, self._around))

    def _include(self, node: Node) -> None:
        name = node.get("file")
        if not name:
            raise BadMigration(f"{node.span} include needs file", hint="name the file")
        if node.flag("ignore"):
            return
        full = beside(self.file, name) if node.flag("relativeToChangelogFile") else name
        if node.flag("errorIfMissing") is False and self.reading.search.locate(full, node.span) is None:
            return
        self.reading.file(full, node.span, self._below(node), self.stack)

    def _below(self, node: Node) -> Surroundings:
        own, labels = context_of(node), labels_of(node)
        contexts = (own, *self._around.contexts) if own else self._around.contexts
        return replace(
            self._around,
            contexts=contexts,
            labels=(labels, *self._around.labels) if labels else self._around.labels,
        )

    def _include_all(self, node: Node) -> None:
        for java in ("filter", "resourceComparator"):
            if node.get(java):
                raise Unsupported(
                    f"{node.span} includeAll uses the Java class {node.get(java)} as {java}",
                    hint="midair runs no Java: use endsWithFilter, or include the files one by one",
                )
        name = node.get("path")
        if not name:
            raise BadMigration(f"{node.span} includeAll needs path", hint="name the folder")
        if node.flag("ignore"):
            return
        full = beside(self.file, name) if node.flag("relativeToChangelogFile") else name
        chosen = self._chosen(node, full)
        if not chosen and node.flag("errorIfMissingOrEmpty") is not False:
            raise BadMigration(
                f"{node.span} Could not find directory or directory was empty for includeAll '{full}'",
                hint="check the path, or set errorIfMissingOrEmpty to false",
            )
        for path in chosen:
            if not path.lower().endswith(SUFFIXES):
                self.reading.warnings.append(f"{node.span} includeAll skips {path}, which is no changelog")
            else:
                self.reading.file(path, node.span, self._below(node), self.stack)

    def _chosen(self, node: Node, folder: str) -> list[str]:
        low, high = _number(node, "minDepth", 0), _number(node, "maxDepth", 1 << 30)
        ending = (node.get("endsWithFilter") or "").lower()
        found = {
            path
            for path, depth in self.reading.search.under(folder, node.span)
            if low <= depth <= high and path.lower().endswith(ending)
        }
        return sorted(found, key=lambda path: _WEB.sub("", path).encode("utf-16-be", "surrogatepass"))

    def _property(self, written: Node) -> None:
        runtime = self.reading.runtime
        raw = written
        node = written.mapped(self._scope().expanded)
        # YAML and JSON do not know contextFilter here (§4.4)
        context = context_of(node) if self.file.lower().endswith((".xml", ".sql")) else node.get("context")
        if not (
            on_dbms(node.get("dbms"), runtime.dbms)
            and in_context(context, runtime.contexts)
            and has_labels(labels_of(node), runtime.label_filter)
        ):
            return
        everywhere = node.flag("global") is not False
        if name := node.get("name"):
            self.reading.properties.define(name, raw.get("value") or "", self.file, everywhere=everywhere)
        elif file := node.get("file"):
            for key, value in self._from_file(node, file):
                self.reading.properties.define(key, value, self.file, everywhere=everywhere)

    def _from_file(self, node: Node, name: str) -> Iterator[tuple[str, str]]:
        import javaproperties

        search = self.reading.search
        full = beside(self.file, name) if node.flag("relativeToChangelogFile") else name
        path = search.locate(full, node.span)
        if path is None:
            if node.flag("errorIfMissing") is False:
                return
            raise BadMigration(f"{node.span} The file {full} was not found on the search path")
        try:
            yield from javaproperties.loads(search.content(path).decode("utf-8", "replace")).items()
        except ValueError as error:
            raise BadMigration(f"{search.shown(path)} is no properties file: {error}") from error

    def _remove(self, node: Node) -> None:
        if on_dbms(node.get("dbms"), self.reading.runtime.dbms):
            fields = (node.get("remove") or "").replace(",", "|").split("|")
            self._removed.append(((node.get("change") or "").lower(), tuple(each.strip() for each in fields)))

    def _removed_of(self, change: str) -> Sequence[str]:
        return tuple(each for name, fields in self._removed if name == change.lower() for each in fields)


def _number(node: Node, name: str, default: int) -> int:
    text = node.get(name)
    if text is None:
        return default
    if not text.strip().isdecimal():
        raise BadMigration(f"{node.span} {name} is {text!r}, not a whole number")
    return int(text)
