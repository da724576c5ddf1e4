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
        ("midair new baseline --from-database", "a changelog of a database that has none"),
    ),
)
@click.argument("description")
@click.option("--from-database", is_flag=True, help="Write everything the database holds (Liquibase).")
@click.option("--like", metavar="URL", help="Write what makes this database like the one at URL (Liquibase).")
@click.option("--autogenerate", is_flag=True, help="Let the tool compare its models (Alembic).")
def new(call: Call, description: str, from_database: bool, like: str | None, autogenerate: bool) -> Answer:
    """Writes a new migration in the tool's own format, named by its convention."""

    from midair.cli.request import request_of
    from midair.cli.views import shown_path
    from midair.errors import Unsupported
    from midair.model.address import Secret
    from midair.reporting.report import LinesPayload

    settings = call.settings()
    if from_database or like is not None:
        found = midair.generate(request_of(settings), description, Secret(like) if like else None)
        names = tuple(shown_path(path, call.here).removeprefix("./") for path in found.files)
        lines = (
            *(f"wrote {name}" for name in names),
            f"{found.statements} definitions" if names else "nothing is missing",
            *(f"left out: {each}" for each in found.left_out),
        )
        then = ("midair stamp head",) if from_database else ("midair plan",)
        return Answer(call.report(LinesPayload(lines, names), then=then))
    if autogenerate and (tool := midair.open_project(request_of(settings))[1].tool) != "alembic":
        raise Unsupported(
            f"{tool} has no models to compare", hint="leave --autogenerate away and write the SQL"
        )
    files = midair.new(request_of(settings, {"autogenerate": "true"} if autogenerate else None), description)
    names = tuple(shown_path(path, call.here).removeprefix("./") for path in files)
    report = call.report(LinesPayload(tuple(f"wrote {name}" for name in names), names), then=("midair plan",))
    return Answer(report)


COMMAND = new
