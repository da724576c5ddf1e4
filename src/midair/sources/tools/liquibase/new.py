"""A new, empty changeset: a formatted SQL file beside the others, included where the root does not find it by itself."""

import re
from datetime import UTC, datetime
from pathlib import Path

from midair.errors import BadSetting
from midair.sources.numbered import slug, written
from midair.sources.source import Options, Project
from midair.sources.tools.liquibase.project import liquibase_project

_TEMPLATE = "--liquibase formatted sql\n\n--changeset {author}:{id}\n\n--rollback empty\n"
_INCLUDE_ALL = re.compile(r"includeAll.*?path[\"']?\s*[:=]\s*[\"']?([^\"'\s,}]+)", re.DOTALL)


def new(project: Project, description: str, options: Options) -> tuple[Path, ...]:
    """Writes the file where includeAll finds it, else beside the root changelog, which is then told of it.

    Raises:
        BadSetting: the description gives no name, or a file cannot be written.
    """
    ours = liquibase_project(project)
    root = ours.root_changelog
    text = root.read_text("utf-8-sig")
    found = _INCLUDE_ALL.search(text)
    home = root.parent / found.group(1) if found and (root.parent / found.group(1)).is_dir() else root.parent
    name = f"{datetime.now(UTC):%Y%m%d%H%M%S}_{slug(description)}"
    author = re.sub(
        r"[^\w.-]", "", options.variables.get("USER") or options.variables.get("USERNAME") or "midair"
    )
    path = written(home / f"{name}.sql", _TEMPLATE.format(author=author, id=name))
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
            changed = f"{text.rstrip()}\n{indent}- include: {item}\n"
        case _:
            changed = None
    if changed is None:
        raise BadSetting(
            f"{name} was written, and {root.name} cannot be told of it", hint=f"include {name} in it by hand"
        )
    root.write_text(changed, "utf-8")
