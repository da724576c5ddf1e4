"""`midair new`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

import midair
from midair.cli.command import Answer, command
from midair.cli.flags import database_options

if TYPE_CHECKING:
    from midair.cli.call import Call


@command(
    "new",
    options=database_options,
    examples=(
        ('midair new "add vat to orders"', "an empty migration with its downgrade part"),
        ('midair new "add vat" --autogenerate', "filled in by the tool, where it can"),
    ),
)
@click.argument("description")
@click.option("--autogenerate", is_flag=True, help="Let the tool compare its models (Alembic).")
def new(call: Call, description: str, autogenerate: bool) -> Answer:
    """Writes a new migration in the tool's own format, named by its convention."""

    from midair.cli.request import request_of
    from midair.cli.views import shown_path
    from midair.errors import Unsupported
    from midair.reporting.report import LinesPayload

    settings = call.settings()
    if autogenerate and (tool := midair.open_project(request_of(settings))[1].tool) != "alembic":
        raise Unsupported(
            f"{tool} has no models to compare", hint="leave --autogenerate away and write the SQL"
        )
    files = midair.new(request_of(settings, {"autogenerate": "true"} if autogenerate else None), description)
    names = tuple(shown_path(path, call.here).removeprefix("./") for path in files)
    report = call.report(LinesPayload(tuple(f"wrote {name}" for name in names), names), then=("midair plan",))
    return Answer(report)


COMMAND = new
