"""`midair demo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from midair.cli.command import Answer, command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TextIO

    from midair.cli.call import Call
    from midair.model.address import Address

_COMMANDS = (
    ("what is here?", ("detect",)),
    ("what is pending?", ("status",)),
    ("what would be done?", ("plan",)),
    ("do it", ("apply",)),
    ("what was done?", ("history",)),
    ("take the newest one back", ("rollback", "-1", "--yes")),
    ("and forward again", ("apply",)),
    ("nothing is left to do", ("status", "--check")),
)


@command(
    "demo",
    examples=(
        ("midair demo", "in a new folder"),
        ("midair demo --folder shop", "in this one"),
    ),
    exits=(0, 2, 5),
)
@click.option("--folder", metavar="DIR", help="Where the shop's migrations are written; must not exist yet.")
def demo(call: Call, folder: str | None) -> Answer:
    """Runs the main job on a small shop: real commands, on an embedded PostgreSQL that is gone afterwards.

    Needs Python and nothing else. The folder with the migrations stays.
    """

    import sys

    from midair.rehearsal.server import throwaway_server
    from midair.reporting.report import LinesPayload

    place = _folder(folder)
    # The transcript is the answer, except where a program reads stdout.
    screen = sys.stdout if call.format == "text" and call.to_stdout else sys.stderr
    with throwaway_server(None, call.variables) as server:
        _write_project(place, server.create("shop"))
        screen.write(f"$ cd {place}\n")
        failed = [line for line in _session(place, screen, call) if line]
    (place / "midair.toml").unlink()
    lines = (
        f"the demo's server is gone; the migrations are in {place}",
        "try them on a database of yours: midair -C DIR apply --url postgresql://…",
    )
    if failed:
        return Answer(
            call.report(LinesPayload((*failed, *lines)), outcome="failed"), exit_code=5, has_children=True
        )
    return Answer(call.report(LinesPayload(lines)), has_children=True)


def _folder(folder: str | None) -> Path:
    import tempfile
    from pathlib import Path

    if folder is None:
        return Path(tempfile.mkdtemp(prefix="midair-demo-"))
    place = Path(folder).resolve()
    place.mkdir(parents=True)
    return place


def _write_project(place: Path, address: Address) -> None:
    from importlib.resources import files
    from urllib.parse import quote

    for file in files("midair.cli.shop").iterdir():
        if file.name.endswith(".sql"):
            (place / file.name).write_bytes(file.read_bytes())
    url = f"postgresql://{address.user}@/{address.database}?host={quote(str(address.host), safe='')}"
    (place / "midair.toml").write_text(f'default_env = "demo"\n\n[environments.demo]\nurl = "{url}"\n')


def _session(place: Path, out: TextIO, call: Call) -> Iterator[str | None]:
    """Runs the commands one after the other, each in a process of its own, and tells which failed."""

    import os
    import subprocess
    import sys

    variables = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MIDAIR_") or name == "MIDAIR_PG_BIN"
    }
    color = "always" if call.look().colour else "never"
    for question, words in _COMMANDS:
        out.write(f"\n# {question}\n$ midair {' '.join(words)}\n")
        out.flush()
        ran = subprocess.run(
            [sys.executable, "-m", "midair", *words, "--color", color],
            cwd=place,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        out.write(ran.stdout.decode(errors="replace"))
        yield (
            None if ran.returncode == 0 else f"midair {' '.join(words)} left with exit code {ran.returncode}"
        )


COMMAND = demo
