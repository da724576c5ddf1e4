#!/usr/bin/env python3
"""Public projects rehearsed, every migration by itself: what is proven of each, what is found, how long it takes.

    bench/rehearse.py                       the projects that scripts/fetch_projects.py brought, as a table
    bench/rehearse.py harbor optuna         some of them
    bench/rehearse.py --growth              projects of 50, 100 and 200 migrations: time and memory a migration
    bench/rehearse.py --write FILE          the rows into a page's table, between its two marks
    bench/rehearse.py --keep FOLDER         each project's report as JSON, to look up what was found

Whole processes, as a user starts them. A finding is the project's: it was seen on a server.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import projects
from measure import MIDAIR, PEERS, REPOSITORY, Failed, Sample, machine, sample

sys.path.insert(0, str(REPOSITORY))
from tests.peers.databases import cluster  # the tests' own way to a database over TCP
from tests.real_projects.alembic_projects import PROJECTS
from tests.real_projects.test_liquibase_projects import CHANGELOGS, RUNS, fit_for_here
from tests.sources.liquibase.beside import laid_out

SQL = {
    "harbor": "golang-migrate",
    "litellm": "golang-migrate",
    "procrastinate": "golang-migrate",
    "cwa-server": "flyway",
    "kestra": "flyway",
}
ALEMBIC = {each.name: each for each in PROJECTS}
HEAD = """| project | migrations | proven up-down-up | up, no way back | found | seconds | MiB |
| --- | ---: | ---: | ---: | --- | ---: | ---: |"""
BEGIN, END = "<!-- bench/rehearse.py begins -->", "<!-- bench/rehearse.py ends -->"


@dataclass(frozen=True, slots=True)
class Line:
    """One project. `proven` went up, down and up again to the same schema; `one_way` went up and have no way back."""

    name: str
    revisions: int
    proven: int
    one_way: int
    found: Mapping[str, int]
    cost: Sample

    def __str__(self) -> str:
        found = ", ".join(f"{number} × {name}" for name, number in sorted(self.found.items())) or "nothing"
        cost = f"{self.cost.wall_s:.0f} | {self.cost.memory_mib:.0f}"
        return f"| {self.name} | {self.revisions} | {self.proven} | {self.one_way} | {found} | {cost} |"


def main() -> int:
    arguments = read_arguments()
    print(f"machine: {machine()}")
    if arguments.growth:
        growth(arguments.growth)
        return 0
    kept = Path(arguments.keep) if arguments.keep else None
    rows = {
        each.name: str(each) for each in measured(arguments.projects or (*SQL, *CHANGELOGS, *ALEMBIC), kept)
    }
    print("\n".join((HEAD, *rows.values())))
    if arguments.write:
        page = Path(arguments.write)
        before, _, rest = page.read_text().partition(BEGIN)
        old, _, after = rest.partition(END)
        rows = {line.split("|")[1].strip(): line for line in old.strip().splitlines()[2:]} | rows
        page.write_text("\n".join((f"{before}{BEGIN}", "", HEAD, *rows.values(), "", f"{END}{after}")))
    return 0


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("projects", nargs="*", choices=[*SQL, *CHANGELOGS, *ALEMBIC, []])
    parser.add_argument("--growth", nargs="*", type=int, metavar="N", default=None)
    parser.add_argument("--write", metavar="FILE")
    parser.add_argument("--keep", metavar="FOLDER")
    arguments = parser.parse_args()
    if arguments.growth == []:
        arguments.growth = [50, 100, 200]
    return arguments


def measured(names: Sequence[str], kept: Path | None) -> Iterator[Line]:
    for name in names:
        if not (PEERS / "projects" / name).is_dir():
            print(f"not here, left out: {name} (scripts/fetch_projects.py)", file=sys.stderr)
            continue
        try:
            if name in ALEMBIC:
                line = of_alembic(name, kept)
            elif name in CHANGELOGS:
                line = of_liquibase(name, kept)
            else:
                line = of_files(name, kept)
        except Failed as error:
            print(f"{name} was not rehearsed: {error}", file=sys.stderr)
            continue
        print(f"{name}: {line.cost.wall_s:.0f} s", file=sys.stderr)
        yield line


def of_files(name: str, kept: Path | None) -> Line:
    folder = PEERS / "projects" / name / SQL[name]
    return rehearsed(name, folder, ("--from-empty",), {}, kept)


def of_liquibase(name: str, kept: Path | None) -> Line:
    """As its application starts it; what it runs first to take over from an older tool is applied before."""
    *before, last = RUNS[name]
    with cluster() as server, tempfile.TemporaryDirectory() as scratch:
        database, folder = server.database(), Path(scratch) / "project"
        laid_out(PEERS / "projects" / name / "liquibase", folder, CHANGELOGS[name])
        fit_for_here(name, folder)
        words = ("--url", database.url)
        for variables in before:
            sample([str(MIDAIR), "apply", "-q", "-C", str(folder), *words], folder, variables)
        return rehearsed(name, folder, words, last, kept)


def of_alembic(name: str, kept: Path | None) -> Line:
    """Its database first holds what its application itself puts there before its first migration."""
    project = ALEMBIC[name]
    with cluster() as server, tempfile.TemporaryDirectory() as scratch:
        database, folder = server.database(), Path(scratch) / "project"
        project.ready(folder, database)
        words = ("--url", database.url, "--python", str(project.python))
        return rehearsed(name, folder, words, project.variables(database, folder), kept)


def rehearsed(
    name: str, folder: Path, words: Sequence[str], variables: Mapping[str, str], kept: Path | None
) -> Line:
    with tempfile.TemporaryDirectory() as scratch:
        report = (kept or Path(scratch)) / f"{name}.json"
        command = [str(MIDAIR), "rehearse", "--each", "-q", "-C", str(folder), "-o", f"json={report}", *words]
        cost = sample(command, folder, variables, accepted=(0, 1))
        payload: dict[str, Any] = json.loads(report.read_text())["payload"]
    found = Counter(f"{each['code']} {each['name']}" for each in payload["findings"])
    proofs = proofs_of(payload)
    proven = [each for each in proofs.values() if each.get("down") and each.get("up again")]
    one_way = [each for each in proofs.values() if each.get("up") and "down" in each and each["down"] is None]
    one_way += [each for each in proofs.values() if each.get("up") and each.get("again")]
    return Line(name, len(payload["migrations"]), len(proven), len(one_way), found, cost)


def proofs_of(payload: Mapping[str, Any]) -> Mapping[str, Mapping[str, bool | None]]:
    found: dict[str, dict[str, bool | None]] = {}
    for each in payload["proofs"]:
        if each["revision"] is not None:
            found.setdefault(each["revision"], {})[each["name"]] = each["passed"]
    return found


def growth(sizes: Sequence[int]) -> None:
    print("migrations, seconds, ms a migration, MiB")
    for size in sizes:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            reversible(folder, size)
            line = rehearsed("growth", folder, ("--from-empty",), {}, None)
        seconds = line.cost.wall_s
        print(
            f"{size:5} {seconds:8.1f} {seconds / size * 1000:8.0f} {line.cost.memory_mib:8.0f}  {line.proven} proven"
        )


def reversible(folder: Path, count: int) -> None:
    """The bench's everyday changes, each with the downgrade that undoes it."""
    projects.golang_migrate(folder, count)
    for number, _ in projects.changes(count):
        table = f"t{(number - 1) // 5:05}"
        text = (
            f"DROP TABLE {table};",
            f"ALTER TABLE {table} DROP COLUMN note;",
            f"DROP INDEX {table}_name;",
            f"DELETE FROM {table} WHERE id = 1;",
            f"ALTER TABLE {table} DROP COLUMN total;",
        )[(number - 1) % 5]
        projects.write(folder / "migrations" / f"{number:06}_change.down.sql", text + "\n")


if __name__ == "__main__":
    raise SystemExit(main())
