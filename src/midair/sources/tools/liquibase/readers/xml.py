"""Reads an XML changelog: no external entities, no DTD, no network, within size limits (liquibase.md §1.1)."""

from importlib import import_module
from typing import Any

from midair.errors import BadMigration
from midair.model.statement import Span
from midair.sources.tools.liquibase.nodes import DEEPEST, MOST_NODES, Node

Element = Any
"""An lxml element; lxml ships no types."""
_BLANKS = "".join(map(chr, range(0x21)))
"""What Java's `trim` takes off."""
_FAMILY = "liquibase.org/xml/ns/dbchangelog"


def read_xml(data: bytes, path: str) -> Node:
    """The root element.

    Raises:
        BadMigration: it is no well-formed XML, has a DTD, or is too large; the message names the line.
    """
    etree: Any = import_module("lxml.etree")

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        line = error.lineno or 1
        raise BadMigration(
            f"{path}:{line} is not well-formed XML: {error.msg}", hint="mend the XML"
        ) from error
    except ValueError as error:  # lxml's own word for bytes it takes for no document
        raise BadMigration(f"{path}:1 is not XML: {error}", hint="save it as UTF-8") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise BadMigration(
            f"{path}:1 has a document type declaration, which Liquibase refuses too",
            hint="remove <!DOCTYPE …>; use ${properties} in the place of entities",
        )
    _refuse_other_root(root, path)
    return _Walk(path).node(root, 1)


def _refuse_other_root(root: Element, path: str) -> None:
    namespace, _, name = str(root.tag).rpartition("}")
    if name.lower() != "databasechangelog":
        raise BadMigration(
            f"{path}:{root.sourceline or 1} is <{name}>, not <databaseChangeLog>",
            hint="include changelogs only",
        )
    if _FAMILY not in namespace:
        raise BadMigration(
            f"{path}:{root.sourceline or 1} has no Liquibase namespace: Cannot find the declaration of element 'databaseChangeLog'",
            hint='write xmlns="http://www.liquibase.org/xml/ns/dbchangelog" on the root',
        )


class _Walk:
    def __init__(self, path: str) -> None:
        self._path = path
        self._count = 0

    def node(self, element: Element, depth: int) -> Node:
        self._count += 1
        line = element.sourceline or 1
        if depth > DEEPEST or self._count > MOST_NODES:
            raise BadMigration(f"{self._path}:{line} is nested too deeply or has too many elements")
        span = Span(self._path, line)
        attributes = [
            Node(_local(str(name)), str(value), (), span)
            for name, value in element.attrib.items()
            if not str(name).startswith("{http://www.w3.org/")
        ]
        inner: list[Node] = []
        texts = [element.text or ""]
        for child in element:
            if isinstance(child.tag, str):
                inner.append(self.node(child, depth + 1))
            elif not isinstance(child.tag, str) and _is_entity(child):
                raise BadMigration(
                    f"{self._path}:{child.sourceline or line} uses the entity {child.text}, which is not defined",
                    hint="use a ${property}",
                )
            texts.append(child.tail or "")
        whole = "".join(texts)
        text = whole.strip(_BLANKS)
        lead = whole[: len(whole) - len(whole.lstrip(_BLANKS))].count("\n") if text else 0
        end = _last_line(element, inner, line)
        place = Span(self._path, line, 1, end)
        return Node(_local(str(element.tag)), text or None, (*attributes, *inner), place, lead)


def _is_entity(child: Element) -> bool:
    etree: Any = import_module("lxml.etree")

    return child.tag is etree.Entity


def _last_line(element: Element, inner: list[Node], line: int) -> int:
    """Where the element ends: after its last child and the text behind it."""
    if not inner:
        return line + (element.text or "").count("\n")
    last = inner[-1].span.end_line or line
    return last + (element[-1].tail or "").count("\n")


def _local(name: str) -> str:
    return name.rpartition("}")[2]
