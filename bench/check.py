#!/usr/bin/env python3
"""How long `midair check` takes beside squawk on the same files, and whether its time grows with the statements alone.

Without a database, one process from exec to exit. `changed files` are ten files of a project that holds more.
"""

import argparse
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import projects
from measure import MIDAIR, Failed, Measured, environment, machine, peer, sample

SIZES = (100, 1_000, 10_000)
PER_FILE = 10


@dataclass(frozen=True, slots=True)
class Command:
    """One command line over so many statements."""

    name: str
    statements: int
    words: tuple[str, ...]
    folder: Path


def main() -> int:
    arguments = read_arguments()
    with tempfile.TemporaryDirectory() as scratch:
        print(f"machine: {machine()}; {arguments.repeat} runs each")
        commands = [
            command
            for size in (SIZES[:2] if arguments.quick else SIZES)
            for command in of_size(Path(scratch) / str(size), size)
        ]
        commands.append(changed(Path(scratch) / "changed"))
        show(measure(commands, arguments.repeat))
    return 0


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="100 and 1 000 statements only")
    parser.add_argument("--repeat", type=int, default=5, help="runs of each (default: 5)")
    return parser.parse_args()


def of_size(folder: Path, size: int) -> list[Command]:
    """The project of this many statements, and each tool's command over it."""
    projects.flyway_of_several(folder, size, PER_FILE)
    found = [Command("midair check", size, (*CHECK, "-C", str(folder)), folder)]
    squawk = peer("squawk")
    if squawk is not None:
        files = sorted(str(each) for each in (folder / "sql").iterdir())
        found.append(Command("squawk", size, (str(squawk), "--reporter", "json", *files), folder))
    return found


CHECK = (str(MIDAIR), "check", "--fail-on", "never", "--no-input")


def changed(folder: Path) -> Command:
    """Ten files added since the last commit of a project of two hundred."""
    projects.flyway_of_several(folder, 190 * PER_FILE, PER_FILE)
    git = ("git", "-c", "user.name=bench", "-c", "user.email=bench@localhost")
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "before")):
        subprocess.run([*git, *words], cwd=folder, env=environment({}), check=True)
    projects.flyway_of_several(folder, 200 * PER_FILE, PER_FILE)
    words = (*CHECK, "-C", str(folder), "--since", "HEAD")
    return Command("midair check --since, 10 of 200 files", 10 * PER_FILE, words, folder)


def measure(commands: list[Command], repeat: int) -> dict[Command, Measured]:
    """Every command in turn; squawk exits with 1 for a finding, so both run through a shell that does not mind."""
    found: dict[Command, Measured] = {}
    for command in commands:
        forgiving = ("sh", "-c", '"$@" >/dev/null; [ $? -le 1 ]', "sh", *command.words)
        try:
            runs = [sample(forgiving, command.folder, {}) for _ in range(repeat + 1)]
        except Failed as failure:
            print(f"{command.name}: FAILED\n{failure}", file=sys.stderr)
            continue
        # The first run compiles byte-code and warms the file cache.
        found[command] = Measured(tuple(runs[1:]))
    return found


def show(measured: dict[Command, Measured]) -> None:
    print(
        f"{'':40}{'statements':>11}{'smallest':>11}{'median':>11}{'cpu':>10}{'per second':>12}{'memory':>10}"
    )
    for command, each in measured.items():
        print(
            f"{command.name:40}{command.statements:>11}{each.smallest_s * 1000:>8.0f} ms{each.median_s * 1000:>8.0f} ms"
            f"{each.cpu_s * 1000:>7.0f} ms{command.statements / each.smallest_s:>12.0f}{each.memory_mib:>6.0f} MiB"
        )


if __name__ == "__main__":
    raise SystemExit(main())
