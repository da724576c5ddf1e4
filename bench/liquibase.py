#!/usr/bin/env python3
"""How long a changelog of many changesets takes from empty, and to find nothing to do, beside the real Liquibase.

Whole processes, as a user starts them, each on an empty database of one throwaway server. The changelog is
XML with Liquibase's own change types; both tools get the same file.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import projects
import psycopg
from measure import (
    MIDAIR,
    PEERS,
    Cluster,
    Failed,
    Measured,
    Sample,
    cluster,
    machine,
    peer,
    sample,
    version_of,
)

HEAD = (
    '<databaseChangeLog xmlns="http://www.liquibase.org/xml/ns/dbchangelog"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://www.liquibase.org/xml/ns/dbchangelog'
    ' http://www.liquibase.org/xml/ns/dbchangelog/dbchangelog-latest.xsd">'
)
REAL = ("liquibase", "liquibase, plain JVM")
COLUMN = '<column name="{}" type="{}">{}</column>'


def main() -> int:
    arguments = read_arguments()
    program = peer("liquibase")
    names = ("midair",) if program is None else (*REAL, "midair")
    if program is None:
        print("not installed, left out: liquibase (scripts/install_peers.sh)", file=sys.stderr)
    else:
        print(f"liquibase {version_of(program)}")
    print(f"machine: {machine()}")
    with cluster() as server, tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_changelog(folder, arguments.size)
        found: dict[str, tuple[list[Sample], list[Sample]]] = {name: ([], []) for name in names}
        for _ in range(arguments.repeat):
            for name in names:
                measure_once(name, server, folder, arguments.size, found[name])
        show(
            {name: tuple(Measured(tuple(each)) for each in pair) for name, pair in found.items()},
            arguments.size,
        )
    print(f"machine at the end: {machine()}")
    return 0


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=500, help="changesets (default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=5, help="runs of each (default: %(default)s)")
    return parser.parse_args()


def write_changelog(folder: Path, size: int) -> None:
    """The changes of `projects.changes`, as change types where Liquibase has them."""
    sets = (
        f'<changeSet id="{number}" author="bench">{change(number)}</changeSet>'
        for number in range(1, size + 1)
    )
    (folder / "changelog.xml").write_text(f"{HEAD}\n" + "\n".join(sets) + "\n</databaseChangeLog>\n")


def change(number: int) -> str:
    """One in five makes a table; the others add columns, an index and a row to it."""
    table = f"t{(number - 1) // 5:05}"
    key, text = '<constraints primaryKey="true" nullable="false"/>', '<constraints nullable="false"/>'
    return (
        f'<createTable tableName="{table}">{COLUMN.format("id", "bigint", key)}{COLUMN.format("name", "text", text)}'
        '<column name="created_at" type="timestamp" defaultValueComputed="now()"/></createTable>',
        f'<addColumn tableName="{table}"><column name="note" type="text"/></addColumn>',
        f'<createIndex tableName="{table}" indexName="{table}_name"><column name="name"/></createIndex>',
        f'<insert tableName="{table}"><column name="id" valueNumeric="1"/><column name="name" value="first"/></insert>',
        f'<addColumn tableName="{table}"><column name="total" type="int" defaultValueNumeric="0">{text}</column></addColumn>',
    )[(number - 1) % 5]


def measure_once(
    name: str, server: Cluster, folder: Path, size: int, found: tuple[list[Sample], list[Sample]]
) -> None:
    """From empty, then once more; a run that leaves another number of tables has no figure."""
    url = server.fresh("bench")
    command = _command(name, folder, url)
    first = sample(command, folder, {})
    with psycopg.connect(url) as connection:
        query = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 't0%'"
        made = connection.execute(query).fetchone()
    if made != (projects.tables(size),):
        raise Failed(f"{name} left {made} tables, not {projects.tables(size)}")
    found[0].append(first)
    found[1].append(sample(command, folder, {}))


def _command(name: str, folder: Path, url: str) -> list[str]:
    if name == "midair":
        return [str(MIDAIR), "apply", "-C", str(folder), "--url", url, "--no-input", "-q"]
    address = url.partition("@")[2]
    login = ["--username=postgres", "--password=x"]
    words = ["--changelog-file=changelog.xml", f"--url=jdbc:postgresql://{address}", *login]
    program = [str(peer("liquibase"))]
    if name == "liquibase, plain JVM":
        main = "liquibase.integration.commandline.LiquibaseCommandLine"
        program = ["java", "-cp", f"{PEERS / 'java' / 'liquibase' / 'lib'}/*", main]
    return [*program, "--show-banner=false", "--log-level=OFF", "update", *words]


def show(found: dict[str, tuple[Measured, ...]], size: int) -> None:
    print(f"\n{size} changesets                  smallest   median      cpu   memory")
    for title, which in (("from empty", 0), ("nothing to do", 1)):
        for name, pair in found.items():
            each = pair[which]
            print(
                f"  {title:14} {name:20} {each.smallest_s:6.2f} s {each.median_s:6.2f} s"
                f" {each.cpu_s:6.2f} s {each.memory_mib:5.0f} MiB"
            )
        for name in REAL if len(found) > 1 else ():
            times = found[name][which].smallest_s / found["midair"][which].smallest_s
            print(f"  {title:14} midair is {times:.1f} × faster than {name}")


if __name__ == "__main__":
    raise SystemExit(main())
