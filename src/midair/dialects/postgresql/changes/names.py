"""Identifiers as the server's own quote_ident writes them, and names read from the tree."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from midair.dialects.postgresql.parse import NotParsed, tokens

_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*\Z")
# Words the server quotes: every keyword that is not "unreserved" (pg_get_keywords, PostgreSQL 18).
_QUOTED_WORDS = frozenset(Path(__file__).with_name("quoted_words.txt").read_text("ascii").split())
_LONGEST = 63
"""Bytes of an identifier; the server cuts the rest off (NAMEDATALEN - 1)."""
TEMPORARY = "midair_"
"""How the name of everything begins that a rewrite makes and takes away again: `doctor` knows it by this."""


def is_ours(name: str, kind: str = "") -> bool:
    """Whether a rewrite made it, to take it away again; `kind` is the word behind the beginning of its name."""
    return name.removeprefix('"').startswith(f"{TEMPORARY}{kind}")


@lru_cache(maxsize=8192)
def identifier(name: str) -> str:
    """A name as it may be pasted into SQL, cut to the server's length."""
    cut = name.encode()[:_LONGEST].decode(errors="ignore") if len(name) > 15 else name
    if _PLAIN.match(cut) and cut not in _QUOTED_WORDS:
        return cut
    return '"' + cut.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as a string constant that may be pasted into SQL."""
    return "'" + text.replace("'", "''") + "'"


def qualified(*names: str) -> str:
    """A name with its schema; `public` is left out, and so is the catalog."""
    kept = names[1:] if len(names) > 1 and names[0] in ("public", "pg_catalog") else names
    return ".".join(identifier(each) for each in kept)


def names_in(text: str) -> tuple[str, ...]:
    """A qualified identifier's parts as they are without quotes."""
    from midair.dialects.postgresql.parse import parse

    found = parse(f"TABLE {text}")[0].select_stmt.from_clause[0].range_var
    return (found.schemaname, found.relname) if found.schemaname else (found.relname,)


def relation(range_var: Any) -> str:
    """The relation a RangeVar names."""
    if range_var.schemaname:
        return qualified(range_var.schemaname, range_var.relname)
    return identifier(range_var.relname)


def strings(nodes: Any) -> tuple[str, ...]:
    """The texts of a list of String nodes."""
    return tuple(each.string.sval for each in nodes)


def dotted(nodes: Any) -> str:
    """A qualified name given as a list of String nodes."""
    return qualified(*strings(nodes)[-2:])


def object_name(node: Any) -> str:
    """The name in a DROP, COMMENT or RENAME: a list, a type name, a function, or a bare string."""
    kind = node.WhichOneof("node")
    match kind:
        case "list":
            items = node.list.items
            texts = [each for each in items if each.WhichOneof("node") == "string"]
            return dotted(texts) if texts else object_name(items[0])
        case "type_name":
            return dotted(node.type_name.names)
        case "object_with_args":
            return dotted(node.object_with_args.objname)
        case "string":
            return identifier(node.string.sval)
        case _:
            return ""


def chosen(*parts: str, label: str) -> str:
    """The name the server gives an unnamed object, cut as makeObjectName does: `orders_qty_key`."""
    first, rest = parts[0], "_".join(parts[1:])
    room = _LONGEST - len(label.encode()) - 1 - (1 if rest else 0)
    one, two = first.encode(), rest.encode()
    while len(one) + len(two) > room:
        if len(one) > len(two):
            one = one[:-1]
        else:
            two = two[:-1]
    texts = [one.decode(errors="ignore"), two.decode(errors="ignore"), label]
    return identifier("_".join(each for each in texts if each))


def long_identifiers(sql: str) -> tuple[str, ...]:
    """Names in a text that the server would cut, each once."""
    data = sql.encode()
    try:
        found = tokens(data)
    except NotParsed:
        return ()
    words = (data[each.start : each.end].decode() for each in found if each.end - each.start > _LONGEST)
    named = (each.strip('"') for each in words if each[0].isalpha() or each[0] in '_"')
    return tuple(dict.fromkeys(each for each in named if len(each.encode()) > _LONGEST))
