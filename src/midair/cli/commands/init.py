"""`midair init`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import midair
from midair.cli.command import Answer, command
from midair.cli.flags import project_options

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from midair.cli.call import Call
    from midair.sources.source import Found


@command(
    "init",
    options=project_options,
    examples=(
        ("midair init", "write midair.toml here"),
        ("midair init -C services/shop", "or there"),
    ),
)
def init(call: Call) -> Answer:
    """Writes midair.toml from what detect found: the project, and two environments to fill in."""

    from midair.cli.views import shown_path
    from midair.errors import BadSetting, NothingHere
    from midair.reporting.report import LinesPayload

    settings = call.settings()
    if settings.file is not None:
        raise BadSetting(
            f"{settings.file} is there already",
            hint="edit it; `midair config check` says whether it is in order",
        )
    found = midair.detect(settings.root, settings.variables)
    if not found:
        raise NothingHere(
            f"no migrations were recognised in {settings.root}",
            hint="`midair detect --help` lists the marks of each tool",
        )
    path = settings.root / "midair.toml"
    path.write_bytes(_text(found, settings.root).encode())
    lines = (f"wrote {shown_path(path, call.here).removeprefix('./')} (2 environments: dev, prod)",)
    return Answer(
        call.report(LinesPayload(lines, (str(path),)), then=("midair config check", "midair status"))
    )


def _text(found: Sequence[Found], root: Path) -> str:
    import tomlkit

    from midair.cli.views import shown_path

    document = tomlkit.document()
    document.add(
        tomlkit.comment("Everything here is optional; docs/reference/settings.md lists all settings.")
    )
    tools = {each.tool for each in found}
    if len(found) == 1:
        document["tool"] = found[0].tool
    document["default_env"] = "dev"
    if len(found) > 1:
        projects = tomlkit.aot()
        for each in found:
            project = tomlkit.table()
            project["path"] = shown_path(each.folder if len(tools) < len(found) else root, root).removeprefix(
                "./"
            )
            project["name"] = each.tool if len(tools) == len(found) else each.folder.name
            project["tool"] = each.tool
            projects.append(project)  # pyright: ignore[reportUnknownMemberType]
        document["projects"] = projects
    development, production = tomlkit.table(), tomlkit.table()
    development["url"] = "${DATABASE_URL:-}"
    development["url"].comment("unset: what the tool's own files say")  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    production["url"] = "${PROD_DATABASE_URL}"
    production["protected"] = True
    document["environments"] = {"dev": development, "prod": production}
    return tomlkit.dumps(document)  # pyright: ignore[reportUnknownMemberType]


COMMAND = init
