"""`midair demo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from midair.cli.command import Answer, command

if TYPE_CHECKING:
    from pathlib import Path

    from midair.cli.call import Call
    from midair.reporting.report import Report


@command(
    "demo",
    examples=(
        ("midair demo", "five migrations as written and online, under load"),
        ("midair demo --html demo.html", "with both latency curves as a page"),
        ("midair demo --tour", "the commands one after the other, without load"),
    ),
    exits=(0, 2, 5),
)
@click.option("--rows", type=click.IntRange(1_000), default=200_000, help="Orders in the shop. [200000]")
@click.option(
    "--seconds",
    type=click.FloatRange(1),
    default=12.0,
    help="Of each run, besides the migrations. [12]",
)
@click.option("--rate", type=click.FloatRange(8, 5_000), default=200.0, help="Requests a second. [200]")
@click.option("--html", metavar="PATH", help="Write the page with both curves there.")
@click.option("--folder", metavar="DIR", help="Where the shop's migrations are written; must not exist yet.")
@click.option("--tour", is_flag=True, help="Run the main commands on the shop instead.")
def demo(
    call: Call, rows: int, seconds: float, rate: float, html: str | None, folder: str | None, tour: bool
) -> Answer:
    """An application hammers a small shop while five naive migrations run: once as written, once online.

    Needs Python and nothing else: the PostgreSQL comes along and is gone afterwards. The folder with the migrations stays.
    """

    import sys
    from dataclasses import replace

    from midair.demo.contest import Course, contest

    place = _folder(folder)
    if tour:
        return _toured(call, place)

    def tell(line: str) -> None:
        if not call.quiet:
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()

    tell(f"making a shop with {rows} orders in {place}")
    payload = contest(place, Course(rows, seconds, rate), tell, call.variables)
    failed = any(each.exit_code for each in payload.flights)
    payload = replace(payload, files=(html,) if html else ())
    then = (f"midair -C {place} check", f"midair -C {place} rehearse", "midair demo --html demo.html")
    report = call.report(payload, outcome="failed" if failed else "ok", then=then[: 2 if html else 3])
    if html is not None:
        _write_page(call, report, html)
    return Answer(report, exit_code=5 if failed else 0, has_children=True)


def _folder(folder: str | None) -> Path:
    import tempfile
    from pathlib import Path

    from midair.errors import BadSetting

    if folder is None:
        return Path(tempfile.mkdtemp(prefix="midair-demo-"))
    place = Path(folder).resolve()
    try:
        place.mkdir(parents=True)
    except OSError as error:
        raise BadSetting(
            f"--folder: {place} cannot be made: {error.strerror}", hint="name a folder that is not there yet"
        ) from error
    return place


def _write_page(call: Call, report: Report, html: str) -> None:
    from midair.errors import BadSetting
    from midair.reporting.format import Look
    from midair.reporting.write import written

    try:
        (call.here / html).write_text(written(report, "html", Look()), encoding="utf-8")
    except OSError as error:
        raise BadSetting(
            f"--html: {html} cannot be written: {error.strerror}", hint="name a file in a folder that exists"
        ) from error


def _toured(call: Call, place: Path) -> Answer:
    """The transcript is the answer, except where a program reads stdout."""

    import sys

    from midair.demo.tour import tour
    from midair.reporting.report import LinesPayload

    screen = sys.stdout if call.format == "text" and call.to_stdout else sys.stderr
    failed: list[str] = []
    for text, problem in tour(place, call.variables, colour=call.look().colour):
        screen.write(text)
        screen.flush()
        failed += [problem] if problem else []
    lines = (
        *failed,
        f"the server is gone; the migrations are in {place}",
        "try them on a database of yours: midair -C DIR apply --url postgresql://…",
    )
    report = call.report(LinesPayload(lines), outcome="failed" if failed else "ok")
    return Answer(report, exit_code=5 if failed else 0, has_children=True)


COMMAND = demo
