"""A new revision file: written by the project's own Alembic and template, or plainly where Python cannot be found."""

import re
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from midair.errors import ProgramFailed, SeveralHeads
from midair.sources.source import Options, Project
from midair.sources.tools.alembic.history import graph_of
from midair.sources.tools.alembic.program import Program, as_request, asked
from midair.sources.tools.alembic.project import flag, program_for

_TEMPLATE = '''"""{description}

Revision ID: {revision}
Revises: {parent}
Create Date: {date}
"""

import sqlalchemy as sa
from alembic import op

revision = {revision!r}
down_revision = {parent!r}
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
'''


def new(project: Project, description: str, options: Options) -> tuple[Path, ...]:
    """Writes the file; with `autogenerate`, what the models have and the database has not.

    Raises:
        SeveralHeads: several revisions have nothing after them, and `head` does not choose.
        ProgramFailed: the project's Alembic failed.
    """
    _refuse_several(project, options)
    try:
        program = program_for(project, options)
    except ProgramFailed:
        if flag(options, "autogenerate"):
            raise
        return (_written(project, description),)
    return _asked(project, program, description, options)


def _asked(project: Project, program: Program, description: str, options: Options) -> tuple[Path, ...]:
    request: dict[str, object] = {
        "task": "new",
        "message": description,
        "autogenerate": flag(options, "autogenerate"),
        "head": options.tool.get("head"),
        "version_path": options.tool.get("version_path"),
    }
    if flag(options, "autogenerate") and project.address:
        request["address"] = as_request(project.address)
    told = asked(program, request)
    return tuple(Path(str(each["path"])) for each in told if each["kind"] == "file")


def _refuse_several(project: Project, options: Options) -> None:
    heads = graph_of(project.migrations).heads()
    if len(heads) > 1 and not options.tool.get("head"):
        raise SeveralHeads(
            f"{len(heads)} revisions have nothing after them: {', '.join(heads)}",
            hint="set head under [tools.alembic] in midair.toml, or merge them with `alembic merge heads`",
        )


def _written(project: Project, description: str) -> Path:
    heads = graph_of(project.migrations).heads()
    revision = uuid4().hex[-12:]
    slug = "_".join(re.findall(r"\w+", description.lower()))[:40].rstrip("_")
    newest = (
        (project.root / project.migrations[-1].span.path).parent
        if project.migrations
        else project.folder / "versions"
    )
    path = newest / f"{revision}_{slug}.py"
    parent = heads[0] if heads else None
    date = datetime.now(UTC).replace(tzinfo=None)
    path.write_text(
        _TEMPLATE.format(description=description, revision=revision, parent=parent, date=date),
        encoding="utf-8",
    )
    return path
