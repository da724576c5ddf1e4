"""Liquibase's checksums: version 9 as it writes them now, version 8 as it wrote them (liquibase.md §5)."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from midair.sources.tools.liquibase.expressions import on_dbms
from midair.sources.tools.liquibase.model import Change, Changeset, Part, Visitor

NEWEST = 9
_BLANKS = re.compile(rb"[ \t\r\n]+")
_LEFT_OUT = {
    "createIndex": {"associatedWith", "using"},
    "createTable": {"ifNotExists", "rowDependencies", "partitionBy"},
    "tagDatabase": {"keepTagOnRollback"},
}
_LEFT_OUT_9 = {
    "createView": {"path", "relativeToChangelogFile", "selectQuery", "encoding"},
    "createProcedure": {"path", "dbms", "relativeToChangelogFile", "procedureText", "encoding", "comments"},
}
_NAMED_DBMS = ("sql", "sqlFile", "insert", "createProcedure")


@dataclass(frozen=True, slots=True)
class Way:
    """One way releases have computed it: the version, and where they differed within it (§5.7)."""

    version: int = NEWEST
    old_context_field: bool = False
    cascade_unseen: bool = False
    schema_in_sequences: bool = False
    end_delimiter: str | None = None


@dataclass(frozen=True, slots=True)
class Files:
    """How a change's file is read: its raw bytes, and its text decoded without a byte order mark."""

    raw: Callable[[Change, str], bytes]
    text: Callable[[Change, str], str]


def checksum(changeset: Changeset, visitors: Sequence[Visitor], dbms: str, files: Files, way: Way) -> str:
    """The sum of a changeset, `9:…`; `visitors` are those that apply to this database and run."""
    seen = [
        change
        for change in changeset.changes
        if way.version < NEWEST or change.name not in _NAMED_DBMS or on_dbms(change.get("dbms"), dbms)
    ]
    text = "".join(change_sum(each, dbms, files, way) + ":" for each in seen)
    text += "".join(_visitor_sum(each, way) + ";" for each in visitors)
    return _sum(text, way)


def change_sum(change: Change, dbms: str, files: Files, way: Way) -> str:
    """The sum of one change."""
    if change.name == "sql":
        return _script_sum(change, (change.get("sql") or "").encode("utf-8", "surrogatepass"), way)
    if change.name == "sqlFile":
        old = way.version < NEWEST
        data = (
            files.raw(change, "path") if old else files.text(change, "path").encode("utf-8", "surrogatepass")
        )
        return _script_sum(change, data, way)
    if change.name in ("loadData", "loadUpdateData"):
        rows = _rows(files.raw(change, "file"), change.get("commentLineStartsWith"))
        return _sum(f"{change.get('tableName')}:{way.version}:{_digest(rows)}", way)
    text = serialised(change, way)
    if change.name in ("createView", "createProcedure"):
        return _with_body(text, change, files, way)
    return _sum(text, way)


def serialised(change: Change, way: Way) -> str:
    """The change as the text that is digested."""
    left_out = _LEFT_OUT.get(change.name, set[str]())
    if way.version >= NEWEST:
        left_out = left_out | _LEFT_OUT_9.get(change.name, set())
    fields = dict(change.fields)
    if change.name == "createProcedure" and way.version < NEWEST and "procedureText" in fields:
        fields["procedureBody"] = fields.pop("procedureText")
    if change.name == "executeCommand":
        fields = {"executable": fields["executable"]} if "executable" in fields else {}
    if change.name == "addForeignKeyConstraint":
        cascade = fields.pop("deleteCascade", None)
        if cascade is not None and "onDelete" in fields and not way.cascade_unseen:
            del fields["onDelete"]  # Liquibase takes neither when both are given
        elif cascade == "true" and not way.cascade_unseen:
            fields["onDelete"] = "CASCADE"
    lines = [_line(name, text) for name, text in fields.items() if name not in left_out]
    if change.columns is not None:
        lines.append(_columns(change, way))
    if change.name == "customChange":
        lines.append(_map(change.parameters))
    return f"{change.name}:{_block(lines, 0)}"


def _line(name: str, text: str) -> str:
    return f'{name}="{text}"'


def _columns(change: Change, way: Way) -> str:
    if not change.columns:
        return "columns=[]"
    schema = change.get("schemaName")
    qualified = schema if way.schema_in_sequences and change.name in ("insert", "update") else None
    items = ",\n".join("        " + _part(each, qualified) for each in change.columns)
    return f"columns=[\n{items}\n    ]"


def _part(part: Part, schema: str | None) -> str:
    fields = dict(part.fields)
    if schema:
        for name in ("valueSequenceNext", "valueSequenceCurrent"):
            if name in fields and "." not in fields[name]:
                fields[name] = f"{schema}.{fields[name]}"
    lines = [_line(name, text) for name, text in fields.items()]
    if part.constraints is not None:
        lines.append(_block([_line(name, text) for name, text in part.constraints.items()], 3))
    return _block(lines, 2)


def _map(pairs: Sequence[tuple[str, str]]) -> str:
    if not pairs:
        return "param=[]"
    inner = ",\n".join(sorted((f'        {name}="{text}"' for name, text in pairs), key=_utf16))
    return f"param={{\n{inner}\n    }}"


def _block(lines: Iterable[str], depth: int) -> str:
    """Lines as a set, sorted by UTF-16 code units, indented; the end stands `depth` levels in."""
    ordered = sorted(set(lines), key=_utf16)
    if not ordered:
        return f"[{'    ' * depth}]"
    indent = "    " * (depth + 1)
    inner = "\n".join(indent + each for each in ordered)
    return f"[\n{inner}\n{'    ' * depth}]"


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-be", "surrogatepass")


def _script_sum(change: Change, data: bytes, way: Way) -> str:
    if way.version >= NEWEST:
        return f"{way.version}:{_digest(_BLANKS.sub(b'', data))}"
    delimiter = way.end_delimiter if way.end_delimiter is not None else change.get("endDelimiter")
    split = change.get("splitStatements") or "true"
    strip = change.get("stripComments") or "false"
    head = f"{'null' if delimiter is None else delimiter}:{split}:{strip}:".encode()
    return f"{way.version}:{_digest(head + _collapsed(data))}"


def _with_body(text: str, change: Change, files: Files, way: Way) -> str:
    nested = change.get("selectQuery" if change.name == "createView" else "procedureText")
    own = None if nested is None else nested.encode("utf-8", "surrogatepass")
    has_path = change.get("path") is not None
    if way.version < NEWEST:
        if not has_path:
            return _sum(text, way)
        body = own if own is not None else files.raw(change, "path")
        inner = f"{way.version}:{_digest(b';:false:false:' + _collapsed(body))}"
    else:
        if own is None and has_path:
            expanded = files.text(change, "path")
            own = (change.scope.expanded(expanded) if change.scope else expanded).encode(
                "utf-8", "surrogatepass"
            )
        inner = f"{way.version}:{_digest(_BLANKS.sub(b'', own or b''))}"
    return _sum(f"{_sum(text, way)}:{inner}", way)


def _collapsed(data: bytes) -> bytes:
    return _BLANKS.sub(b" ", data).strip(b" ")


def _rows(data: bytes, comment: str | None) -> bytes:
    first = ("#" if comment is None else comment).encode()[:1]
    lines = data.replace(b"\r", b"").split(b"\n")
    return b"\n".join(line for line in lines if line and not (first and line.startswith(first)))


def _visitor_sum(visitor: Visitor, way: Way) -> str:
    fields: Mapping[str, str | None] = {
        "value": visitor.value,
        "replace": visitor.replace,
        "with": visitor.replacement,
        "applyToRollback": "true" if visitor.apply_to_rollback else "false",
    }
    lines = [_line(name, text) for name, text in fields.items() if text is not None]
    if way.version < NEWEST:
        lines += _visitor_filters(visitor, way)
    return _sum(f"{visitor.name}:{_block(lines, 0)}", way)


def _visitor_filters(visitor: Visitor, way: Way) -> Iterable[str]:
    names = [each.strip() for each in (visitor.dbms or "").split(",") if each.strip()]
    if names:
        inner = ",\n".join(f"        {each}" for each in _hash_set_order(names))
        yield f"applicableDbms=[\n{inner}\n    ]"
    if visitor.context:
        yield _line("contexts" if way.old_context_field else "contextFilter", visitor.context)
    if visitor.labels:
        yield _line("labels", visitor.labels)


def _hash_set_order(names: Sequence[str]) -> list[str]:
    """The order a Java HashSet gives its members: by bucket, then as they came."""
    distinct = list(dict.fromkeys(names))
    buckets = 16
    while len(distinct) > buckets * 3 // 4:
        buckets *= 2
    return sorted(distinct, key=lambda name: _spread(name) & (buckets - 1))


def _spread(name: str) -> int:
    value = 0
    for unit in _units(name):
        value = (31 * value + unit) & 0xFFFF_FFFF
    return value ^ (value >> 16)


def _units(name: str) -> list[int]:
    data = _utf16(name)
    return [data[at] << 8 | data[at + 1] for at in range(0, len(data), 2)]


def _sum(text: str, way: Way) -> str:
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\ufffd", "")
    normal = unicodedata.normalize("NFC", plain)
    return f"{way.version}:{_digest(normal.encode('utf-8', 'surrogatepass'))}"


def _digest(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def ways(version: int, changeset: Changeset) -> tuple[Way, ...]:
    """How a stored sum of this version may have been computed, the present way first."""
    in_schema = any(
        each.get("schemaName") and each.name in ("insert", "update") for each in changeset.changes
    )
    inserts = version >= NEWEST and any(each.name == "insert" for each in changeset.changes)
    first = Way(version, schema_in_sequences=in_schema and inserts)
    found = [first]
    if version < NEWEST and any(each.context for each in changeset.visitors):
        found.append(replace(first, old_context_field=True))
    if version < NEWEST and any(each.flag("deleteCascade") for each in changeset.changes):
        found.append(replace(first, cascade_unseen=True))
    if in_schema:
        found.append(replace(first, schema_in_sequences=not first.schema_in_sequences))
    return tuple(found)
