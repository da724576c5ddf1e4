"""A new, empty changeset: a formatted SQL file beside the others, included where the root does not find it by itself."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from midair.errors import BadSetting, MidairError, Unsupported
from midair.model.statement import Statement
from midair.sources.numbered import slug, written
from midair.sources.source import Options, Project
from midair.sources.tools.liquibase.project import liquibase_project
from midair.sources.tools.liquibase.readers.formatted_sql import is_directive
from midair.sources.tools.liquibase.readers.xml import read_xml
from midair.sources.tools.liquibase.readers.yaml import read_yaml

_TEMPLATE = "--liquibase formatted sql\n\n--changeset {author}:{id}\n\n--rollback empty\n"
_EMPTY_LIST = re.compile(r"databaseChangeLog:\s*\[\s*\]")
_HEADER = "--liquibase formatted sql\n"
_INCLUDE_ALL = re.compile(r"includeAll.*?path[\"']?\s*[:=]\s*[\"']?([^\"'\s,}]+)", re.DOTALL)


def new(project: Project, description: str, options: Options) -> tuple[Path, ...]:
    """Writes the file where includeAll finds it, else beside the root changelog, which is then told of it.

    Raises:
        BadSetting: the description gives no name, or a file cannot be written.
    """
    name, author = _name(description), _author(options)
    return _placed(project, name, _TEMPLATE.format(author=author, id=name))


def generate(
    project: Project, description: str, statements: Sequence[Statement], options: Options
) -> tuple[Path, ...]:
    """As `new`, with a changeset of its own for each statement.

    Raises:
        BadSetting: the description gives no name, or a file cannot be written.
        Unsupported: a statement holds a line that formatted SQL would take for a directive.
    """
    name, author = _name(description), _author(options)
    sets = [_changeset(f"{name}-{number}", author, each.sql) for number, each in enumerate(statements, 1)]
    return _placed(project, name, "\n".join([_HEADER, *sets]))


def _changeset(name: str, author: str, sql: str) -> str:
    for line in sql.splitlines():
        if is_directive(line):
            raise Unsupported(
                f"{line.strip()[:80]!r} in {' '.join(sql.split())[:60]!r} would be a directive in formatted SQL",
                hint="change that comment in the database's own definition first",
            )
    return f"--changeset {author}:{name} splitStatements:false stripComments:false\n{sql.rstrip().rstrip(';')};\n"


def _name(description: str) -> str:
    return f"{datetime.now(UTC):%Y%m%d%H%M%S}_{slug(description)}"


def _author(options: Options) -> str:
    said = options.variables.get("USER") or options.variables.get("USERNAME") or "midair"
    return re.sub(r"[^\w.-]", "", said) or "midair"


def _placed(project: Project, name: str, content: str) -> tuple[Path, ...]:
    """Writes the file, and tells the root changelog of it where includeAll does not find it."""
    root = liquibase_project(project).root_changelog
    text = root.read_text("utf-8-sig")
    found = _INCLUDE_ALL.search(text)
    home = root.parent / found.group(1) if found and (root.parent / found.group(1)).is_dir() else root.parent
    path = written(home / f"{name}.sql", content)
    if found and home != root.parent:
        return (path,)
    _include(root, text, path.name)
    return (path, root)


def _include(root: Path, text: str, name: str) -> None:
    match root.suffix.lower():
        case ".xml":
            head, end, tail = text.rpartition("</databaseChangeLog>")
            line = f'    <include file="{name}" relativeToChangelogFile="true"/>\n'
            changed = f"{head}{line}{end}{tail}" if end else None
        case ".yaml" | ".yml":
            item = "{file: " + name + ", relativeToChangelogFile: true}"
            indent = "  " if re.search(r"^  - ", text, re.MULTILINE) else ""
            text = _EMPTY_LIST.sub("databaseChangeLog:", text)
            changed = f"{text.rstrip()}\n{indent}- include: {item}\n"
        case _:
            changed = None
    if changed is None or not _still_reads(changed, root):
        raise BadSetting(
            f"{name} was written, and {root.name} cannot be told of it", hint=f"include {name} in it by hand"
        )
    root.write_text(changed, "utf-8")


def _still_reads(text: str, root: Path) -> bool:
    read = read_xml if root.suffix.lower() == ".xml" else read_yaml
    try:
        read(text.encode(), root.name)
    except MidairError:
        return False
    return True
