"""The main commands one after the other on the shop, each a process of its own, as anyone would type them."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from midair.demo.project import url_of, variables_of, write_project
from midair.rehearsal.server import throwaway_server

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


def tour(place: Path, variables: Mapping[str, str], *, colour: bool) -> Iterator[tuple[str, str | None]]:
    """What a terminal would show, piece by piece, each with what went wrong.

    Raises:
        NoScratchServer, ScratchError: no server could be started.
    """
    settings = place / "midair.toml"
    with throwaway_server(None, variables) as server:
        write_project(place)
        url = url_of(server.create("shop"))
        settings.write_text(f'default_env = "demo"\n\n[environments.demo]\nurl = "{url}"\n')
        yield f"$ cd {place}\n", None
        for question, words in _COMMANDS:
            yield f"\n# {question}\n$ midair {' '.join(words)}\n", None
            ran = subprocess.run(
                [sys.executable, "-m", "midair", *words, "--color", "always" if colour else "never"],
                cwd=place,
                env=variables_of(variables),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
            )
            failed = (
                f"midair {' '.join(words)} left with exit code {ran.returncode}" if ran.returncode else None
            )
            yield ran.stdout.decode(errors="replace"), failed
    settings.unlink()
