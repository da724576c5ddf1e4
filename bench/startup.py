#!/usr/bin/env python3
"""How long the short commands take, over an empty interpreter and beside the tools themselves.

The first table of the dependency notes: `--version`, `--help`, and `status` of 200 migrations on PostgreSQL.
"""

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import projects
from measure import MIDAIR, Cluster, Failed, Measured, Sample, cluster, machine, peer, sample

FILES = 200


@dataclass(frozen=True, slots=True)
class Command:
    """One command line; `budget_ms` is what it may take in wall time, where there is a budget."""

    name: str
    words: tuple[str, ...]
    folder: Path
    budget_ms: int | None = None


def main() -> int:
    arguments = read_arguments()
    repeat = arguments.repeat or (9 if arguments.quick else 25)
    with cluster() as server, tempfile.TemporaryDirectory() as scratch:
        variables = {"BENCH_URL": server.fresh("startup").replace("postgresql://", "postgresql+psycopg://")}
        print(f"machine: {machine()}; {repeat} runs each")
        commands = [*ours(server, Path(scratch)), *theirs(server, Path(scratch))]
        measured = measure(commands, variables, repeat)
    show(commands, measured)
    return 0


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="nine runs each")
    parser.add_argument("--repeat", type=int, help="runs of each (default: 25)")
    return parser.parse_args()


def ours(server: Cluster, scratch: Path) -> list[Command]:
    """An empty interpreter, and midair's short commands."""
    midair, url = str(MIDAIR), server.url("startup")
    commands = [
        Command("empty interpreter", (sys.executable, "-c", ""), scratch),
        Command("midair --version", (midair, "--version"), scratch, 80),
        Command("midair --help", (midair, "--help"), scratch, 100),
        Command("midair status --help", (midair, "status", "--help"), scratch, 100),
    ]
    layouts = (
        ("golang-migrate", projects.golang_migrate),
        ("flyway", projects.flyway),
        ("alembic", projects.alembic),
    )
    for tool, layout in layouts:
        folder = scratch / tool
        layout(folder, FILES)
        words = (midair, "status", "-C", str(folder), "--url", url, "--no-input")
        commands.append(Command(f"midair status, {FILES} {tool} files", words, folder, 250))
    return commands


def theirs(server: Cluster, scratch: Path) -> list[Command]:
    """What users compare it with, as far as it is installed."""
    url = server.url("startup")
    commands: list[Command] = []
    alembic = Path(sys.executable).with_name("alembic")
    if alembic.exists():
        commands.append(Command("alembic --version", (str(alembic), "--version"), scratch))
        words = (str(alembic), "current")
        commands.append(Command(f"alembic current, {FILES} files", words, scratch / "alembic"))
    migrate, dbmate, flyway, liquibase = peer("migrate"), peer("dbmate"), peer("flyway"), peer("liquibase")
    if migrate:
        commands.append(Command("golang-migrate -version", (str(migrate), "-version"), scratch))
    if dbmate:
        projects.dbmate(scratch / "dbmate", FILES)
        words = (str(dbmate), "--url", f"{url}?sslmode=disable", "status")
        commands.append(Command(f"dbmate status, {FILES} files", words, scratch / "dbmate"))
    if flyway:
        address = f"-url=jdbc:postgresql://{url.partition('@')[2]}"
        words = (str(flyway), address, "-user=postgres", "info")
        commands.append(Command(f"flyway info, {FILES} files", words, scratch / "flyway"))
    if liquibase:
        commands.append(Command("liquibase --version", (str(liquibase), "--version"), scratch))
    return commands


def measure(commands: list[Command], variables: dict[str, str], repeat: int) -> dict[str, Measured]:
    """Every command in turn, `repeat` times; one that fails is named and left out."""
    samples: dict[str, list[Sample]] = {command.name: [] for command in commands}
    for _ in range(repeat + 1):
        for command in commands:
            try:
                samples[command.name].append(sample(command.words, command.folder, variables))
            except Failed as failure:
                print(f"{command.name}: FAILED\n{failure}", file=sys.stderr)
    # The first round compiles byte-code and warms the file cache.
    return {name: Measured(tuple(each[1:])) for name, each in samples.items() if len(each) > 1}


def show(commands: list[Command], measured: dict[str, Measured]) -> None:
    empty = measured["empty interpreter"]
    print(f"{'':36}{'smallest':>10}{'median':>10}{'cpu over empty':>16}{'memory':>10}{'budget':>9}")
    for command in commands:
        each = measured.get(command.name)
        if each is None:
            continue
        budget = f"{command.budget_ms} ms" if command.budget_ms else ""
        print(
            f"{command.name:36}{each.smallest_s * 1000:>7.0f} ms{each.median_s * 1000:>7.0f} ms"
            f"{(each.cpu_s - empty.cpu_s) * 1000:>13.0f} ms{each.memory_mib:>6.0f} MiB{budget:>9}"
        )


if __name__ == "__main__":
    raise SystemExit(main())
