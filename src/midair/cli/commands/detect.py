"""`midair detect`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import midair
from midair.cli.command import Answer, command
from midair.cli.flags import project_options

if TYPE_CHECKING:
    from midair.cli.call import Call
    from midair.reporting.report import DetectedProject
    from midair.settings import Settings
    from midair.sources.source import Found


@command(
    "detect",
    options=project_options,
    examples=(
        ("midair detect", "what is in this folder"),
        ("midair detect -C services/shop -f json", "another folder, for a program"),
    ),
)
def detect(call: Call) -> Answer:
    """Says what is here: tools, folders, databases. Nothing is run and no database is asked.

    Recognised are: Flyway (V1__name.sql, flyway.toml, flyway.conf), golang-migrate (1_name.up.sql), dbmate (-- migrate:up), goose (-- +goose Up), Alembic (alembic.ini, [tool.alembic]).
    """

    from midair.errors import NothingHere
    from midair.reporting.report import Detection

    settings = call.settings()
    found = midair.detect(settings.root, settings.variables)
    if not found:
        raise NothingHere(
            f"no migrations were recognised in {settings.root}",
            hint="`midair detect --help` lists the marks of each tool",
        )
    projects = tuple(_read(each, settings) for each in found if settings.tool in (None, each.tool))
    payload = Detection(str(settings.root), projects, settings.file.name if settings.file else None)
    return Answer(call.report(payload, then=("midair status", "midair plan")))


def _read(found: Found, settings: Settings) -> DetectedProject:
    from dataclasses import replace

    from midair.cli.request import request_of
    from midair.cli.views import heads, shown_path
    from midair.errors import MidairError
    from midair.reporting.report import DetectedProject

    path = shown_path(found.folder, settings.root)
    config = shown_path(found.config, settings.root) if found.config else None
    try:
        _, project = midair.open_project(replace(request_of(settings), tool=found.tool, folder=found.folder))
    except MidairError as error:
        return DetectedProject(found.tool, path, found.marks, config, problem=f"{error.code} {error.message}")
    address = str(project.address) if project.address else None
    return DetectedProject(
        found.tool,
        path,
        found.marks,
        config,
        len(project.migrations),
        heads(project),
        address,
        project.origin,
    )


COMMAND = detect
