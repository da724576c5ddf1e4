#!/usr/bin/env python3
"""How long it takes to apply many small migrations, and to find that there is nothing to do.

Whole processes, as a user starts them, each on an empty database of one throwaway server; beside the tools
themselves, and plain psql fed all files in one session, which is the limit.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import projects
import psycopg
from measure import MIDAIR, Cluster, Failed, Measured, Sample, cluster, machine, peer, sample, version_of


@dataclass(frozen=True, slots=True)
class Runner:
    """One way to apply a project: its layout, and the command for a folder and a database's URL."""

    name: str
    layout: Callable[[Path, int], None]
    command: Callable[[Path, str], list[str]]
    program: Path
    journalled: bool = True
    """psql keeps no record, so running it again is not a no-op."""


def main() -> int:
    arguments = read_arguments()
    sizes = [50, 500] if arguments.quick else [int(size) for size in arguments.sizes.split(",")]
    with cluster() as server, tempfile.TemporaryDirectory() as scratch:
        wanted = [
            runner
            for runner in runners(server)
            if (arguments.only or "") in runner.name and runner.name not in arguments.without
        ]
        print(f"machine: {machine()}")
        for runner in wanted:
            print(f"  {runner.name}: {version_of(runner.program)}")
        for size in sizes:
            repeat = arguments.repeat or (3 if arguments.quick or size > 1000 else 5)
            measure_size(wanted, server, Path(scratch), size, repeat)
        print(f"machine at the end: {machine()}")
    return 0


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="50 and 500 migrations, three runs each")
    parser.add_argument("--sizes", default="50,500,5000", help="numbers of migrations (default: %(default)s)")
    parser.add_argument("--repeat", type=int, help="runs of each (default: 5, and 3 above 1000 migrations)")
    parser.add_argument("--only", metavar="TEXT", help="only runners with this in their name")
    parser.add_argument(
        "--without", metavar="NAME", action="append", default=[], help="not this runner; repeatable"
    )
    return parser.parse_args()


def runners(server: Cluster) -> list[Runner]:
    """Everything that is installed here; what is not is named on standard error."""
    psql = str(server.server.bin / "psql")
    found = [
        Runner(
            "psql",
            projects.plain,
            lambda folder, url: _psql(psql, folder, url),
            server.server.bin / "psql",
            journalled=False,
        )
    ]
    alembic = Path(sys.executable).with_name("alembic")
    kinds: list[
        tuple[str, Callable[[Path, int], None], Path | None, Callable[[str, Path, str], list[str]]]
    ] = [
        ("golang-migrate", projects.golang_migrate, peer("migrate"), _migrate),
        ("dbmate", projects.dbmate, peer("dbmate"), _dbmate),
        ("goose", projects.goose, peer("goose"), _goose),
        ("flyway", projects.flyway, peer("flyway"), _flyway),
        ("alembic", projects.alembic, alembic if alembic.exists() else None, _alembic),
    ]
    for name, layout, program, command in kinds:
        if program is None:
            print(f"not installed, left out: {name}", file=sys.stderr)
        else:
            found.append(Runner(name, layout, _bound(command, str(program)), program))
        found.append(Runner(f"midair on {name}", layout, _midair, MIDAIR))
    return found


def _bound(command: Callable[[str, Path, str], list[str]], program: str) -> Callable[[Path, str], list[str]]:
    return lambda folder, url: command(program, folder, url)


def _psql(program: str, folder: Path, url: str) -> list[str]:
    files = [word for path in sorted(folder.glob("*.sql")) for word in ("-f", path.name)]
    return [program, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, *files]


def _midair(folder: Path, url: str) -> list[str]:
    return [str(MIDAIR), "apply", "-C", str(folder), "--url", url, "--no-input", "-q"]


def _migrate(program: str, folder: Path, url: str) -> list[str]:
    return [program, "-path", "migrations", "-database", f"{url}?sslmode=disable", "up"]


def _dbmate(program: str, folder: Path, url: str) -> list[str]:
    return [program, "--no-dump-schema", "--url", f"{url}?sslmode=disable", "migrate"]


def _goose(program: str, folder: Path, url: str) -> list[str]:
    return [program, "-dir", "migrations", "postgres", url, "up"]


def _flyway(program: str, folder: Path, url: str) -> list[str]:
    address = url.partition("@")[2]
    return [program, f"-url=jdbc:postgresql://{address}", "-user=postgres", "migrate"]


def _alembic(program: str, folder: Path, url: str) -> list[str]:
    return [program, "upgrade", "head"]


def measure_size(wanted: Sequence[Runner], server: Cluster, scratch: Path, size: int, repeat: int) -> None:
    """Every runner `repeat` times in turn, so that a busy moment of the machine hits them all."""
    applied: dict[str, list[Sample]] = {runner.name: [] for runner in wanted}
    idle: dict[str, list[Sample]] = {runner.name: [] for runner in wanted}
    for _ in range(repeat):
        for runner in wanted:
            try:
                first, second = measure_once(runner, server, scratch, size)
            except Failed as failure:
                print(f"{runner.name}, {size} migrations: FAILED\n{failure}", file=sys.stderr)
                continue
            applied[runner.name].append(first)
            idle[runner.name].extend(second)
    show(f"{size} migrations from empty, {repeat} runs", applied)
    show(f"{size} migrations, nothing to do", idle)


def measure_once(runner: Runner, server: Cluster, scratch: Path, size: int) -> tuple[Sample, list[Sample]]:
    """From empty, then again.

    Raises:
        Failed: the runner failed, or left another schema than the migrations say.
    """
    folder = scratch / f"{runner.name.removeprefix('midair on ')}-{size}".replace(" ", "-")
    if not folder.exists():
        runner.layout(folder, size)
    url = server.fresh("bench")
    variables = {"BENCH_URL": url.replace("postgresql://", "postgresql+psycopg://")}
    first = sample(runner.command(folder, url), folder, variables)
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 't0%'"
        ).fetchone()
    if row is None or row[0] != projects.tables(size):
        raise Failed(f"{runner.name} left {row} tables instead of {projects.tables(size)}")
    if not runner.journalled:
        return first, []
    return first, [sample(runner.command(folder, url), folder, variables)]


def show(title: str, results: dict[str, list[Sample]]) -> None:
    """A table, with each time as a multiple of psql's (from empty) or of the quickest."""
    measured = {name: Measured(tuple(samples)) for name, samples in results.items() if samples}
    if not measured:
        return
    base = "psql" if "psql" in measured else min(measured, key=lambda name: measured[name].smallest_s)
    print(f"\n{title}; ratio to {base}")
    print(f"  {'':26}{'smallest':>10}{'median':>10}{'ratio':>8}{'cpu':>10}{'memory':>10}")
    for name, each in measured.items():
        ratio = each.smallest_s / measured[base].smallest_s
        print(
            f"  {name:26}{each.smallest_s:>8.3f} s{each.median_s:>8.3f} s{ratio:>8.2f}"
            f"{each.cpu_s:>8.3f} s{each.memory_mib:>6.0f} MiB"
        )


if __name__ == "__main__":
    raise SystemExit(main())
