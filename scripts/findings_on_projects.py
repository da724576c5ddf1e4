#!/usr/bin/env python3
"""What `midair check` finds in public projects, all of their migrations looked at: for reading by hand.

The projects are those of scripts/fetch_projects.py, and repositories below $MIDAIR_MIRROR when they are there. Prints
how often each rule speaks and how many migrations were looked at; `--list FILE` writes each finding with its statement
as a line of JSON. The verdicts of the people who read them are in docs/check-on-real-projects.md.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from tests.real_projects.alembic_projects import PROJECTS, AlembicProject  # noqa: E402

PEERS = Path(os.environ.get("MIDAIR_PEERS", REPOSITORY / ".peers")) / "projects"
MIRROR = Path(os.environ.get("MIDAIR_MIRROR", "/work/.mirror"))
MIDAIR = Path(sys.executable).with_name("midair")

LAID_OUT = {
    "harbor": "golang-migrate",
    "kestra": "flyway",
    "cwa-server": "flyway",
    "litellm": "flyway",
    "procrastinate": "flyway",
    "fineract": "liquibase",
    "gravitee": "liquibase",
}
MIRRORED = {
    "hatchet": ("hatchet-dev+hatchet", "cmd/hatchet-migrate/migrate/migrations", "goose"),
    "pocket-id": ("pocket-id+pocket-id", "backend/resources/migrations/postgres", "golang-migrate"),
    "lemmy": ("LemmyNet+lemmy", "migrations", "golang-migrate"),
}
SAID = {"fineract": {"LIQUIBASE_COMMAND_CONTEXTS": "tenant_db,postgresql"}}
"""What a project's own deployment tells its tool."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A project, how many of its migrations were looked at, and the findings as `check` gives them."""

    name: str
    migrations: int
    unseen: int
    findings: tuple[dict[str, object], ...]


@dataclass(frozen=True, slots=True)
class Nowhere:
    """A database that is only named: `check` runs the project's program on a scratch one."""

    url: str = "postgresql://nobody@127.0.0.1:1/none"
    product: str = "postgresql"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("projects", nargs="*", help="names; all that are there by default")
    parser.add_argument("--list", type=Path, help="write every finding to this file, one JSON object a line")
    parser.add_argument("--select", default="", help="rules that are off by default, by code or family")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        select = chosen.select.split(",") if chosen.select else []
        found = list(looked_at(Path(scratch), select, chosen.projects))
    if chosen.list:
        lines = (json.dumps({"project": one.name, **each}) for one in found for each in one.findings)
        chosen.list.write_text("".join(f"{line}\n" for line in lines))
    show(found)
    return 0


def looked_at(scratch: Path, select: list[str], wanted: list[str]) -> Iterator[Looked]:
    for name, tool in LAID_OUT.items():
        folder = PEERS / name / tool
        if folder.is_dir() and (not wanted or name in wanted):
            yield check(name, folder, scratch, select, variables=SAID.get(name))
    for name, (repository, inside, tool) in MIRRORED.items():
        git = MIRROR / repository / "repo"
        if git.is_dir() and (not wanted or name in wanted):
            yield check(name, laid_out(git, inside, tool, scratch / name), scratch, select)
    for project in PROJECTS:
        if (not wanted or project.name in wanted) and (PEERS / project.name / "installed").exists():
            yield check_program(project, scratch, select)


def laid_out(git: Path, inside: str, tool: str, folder: Path) -> Path:
    """The migrations of a repository's newest commit, in a folder that their tool would recognise."""
    target = folder / ("migrations" if tool == "golang-migrate" else "db/migrations")
    target.mkdir(parents=True)
    names = subprocess.run(
        ["git", "--git-dir", git, "ls-tree", "-r", "--name-only", "HEAD", inside],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    for each in names:
        text = subprocess.run(
            ["git", "--git-dir", git, "show", f"HEAD:{each}"], capture_output=True, check=True
        )
        (target / _file_name(Path(each))).write_bytes(text.stdout)
    return folder


def _file_name(path: Path) -> str:
    """As golang-migrate would have it what Diesel keeps in a folder a migration (`2019-02-26-002946_users/up.sql`)."""
    if path.name not in ("up.sql", "down.sql"):
        return path.name
    day, _, words = path.parent.name.partition("_")
    return f"{day.replace('-', '')}_{words}.{path.name}"


def check_program(project: AlembicProject, scratch: Path, select: list[str]) -> Looked:
    folder = scratch / project.name
    folder.mkdir()
    nowhere: object = Nowhere()
    project.lay_out(folder, nowhere)  # type: ignore[arg-type]  # only its address is asked for
    words = ("--python", str(project.python))
    variables = project.variables(nowhere, folder)  # type: ignore[arg-type]  # the same
    return check(project.name, folder, scratch, select, words, variables)


def check(
    name: str,
    folder: Path,
    scratch: Path,
    select: list[str],
    words: tuple[str, ...] = (),
    variables: dict[str, str] | None = None,
) -> Looked:
    """Every migration of a project, from its files alone."""
    settings = scratch / f"{name}.toml"
    settings.write_text(f"[rules]\nselect = {json.dumps(select)}\n")
    given = [str(MIDAIR), "check", "-C", str(folder), "--config", str(settings), "-f", "json", *words]
    ran = subprocess.run(
        [*given, "--fail-on", "never"],
        capture_output=True, text=True, check=False, env={**os.environ, **(variables or {})},
    )  # fmt: skip
    if ran.returncode:
        print(f"{name}: {ran.stderr.strip() or ran.stdout.strip()}", file=sys.stderr)
        return Looked(name, 0, 0, ())
    payload = json.loads(ran.stdout)["payload"]
    unseen = sum(bool(each["not_seen"]) for each in payload["migrations"])
    return Looked(name, len(payload["migrations"]), unseen, tuple(payload["findings"]))


def show(found: list[Looked]) -> None:
    print("project, migrations looked at, of them not or partly seen, findings")
    for each in found:
        print(f"  {each.name:16} {each.migrations:5} {each.unseen:5} {len(each.findings):6}")
    print(f"  {'all':16} {sum(each.migrations for each in found):5}")
    said = Counter(
        (str(each["code"]), str(each["name"]), str(each["risk"])) for one in found for each in one.findings
    )
    print("\nrule, risk, findings")
    for (code, name, risk), count in sorted(said.items()):
        print(f"  {code} {name:42} {risk:7} {count:6}")


if __name__ == "__main__":
    raise SystemExit(main())
