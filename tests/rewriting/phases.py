"""A change on its way through its phases: applied, contracted, and compared with what the naive migration leaves."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from difflib import unified_diff
from pathlib import Path

import pytest
from tests.rewriting.conftest import Rig, request_for
from tests.support.backfills import run_all
from tests.support.listening import Remembering
from tests.support.state import dump

import midair
from midair.database import Session
from midair.errors import GateInTheWay, NotOnline
from midair.model.address import Address


@contextmanager
def applied(rig: Rig, root: Path, given: str) -> Generator[tuple[Address, Session]]:
    """A database that held what is given, to which the project was applied, and a session on it."""
    with rig.database(given) as address, rig.session(address, "midair by hand") as session:
        midair.apply(request_for(root, address), Remembering())
        yield address, session


@contextmanager
def archived_and_brought_back(rig: Rig, root: Path, given: str, *since: str) -> Generator[Session]:
    """A database to which the project was applied and contracted with an archive, written to, and rolled back."""
    with applied(rig, root, given) as (address, session):
        request = request_for(root, address, archive_s=3600.0)
        midair.contract(request, Remembering())
        run_all(session, *since)
        midair.rollback(request, Remembering())
        yield session


@contextmanager
def shop_role(rig: Rig, name: str) -> Generator[str]:
    """What makes a role that may read and write every table made after it, and has no right beside; gone at the end."""
    try:
        yield (
            f"DROP ROLE IF EXISTS {name}; CREATE ROLE {name};"
            f" ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {name};"
        )
    finally:
        with rig.session(rig.server.admin) as admin:
            run_all(admin, f"DROP ROLE IF EXISTS {name}")


def closed(root: Path, address: Address) -> None:
    """Contracts everything, with nothing against it."""
    seen = midair.contract(request_for(root, address), Remembering())[1]
    assert seen


def without_downgrade(root: Path) -> Path:
    """The project, with no downgrade of its author's: what rolls it back is midair's own."""
    for each in (root / "migrations").glob("*.down.sql"):
        each.unlink()
    return root


def with_downgrade(root: Path, sql: str, number: int = 1) -> Path:
    """The project, with this for the downgrade of its migration of that number."""
    (root / "migrations" / f"{number:06d}_m{number}.down.sql").write_text(sql)
    return root


@contextmanager
def both_ways(rig: Rig, root: Path, given: str) -> Generator[tuple[Address, Address, list[str]]]:
    """A database to which the project was applied online and contracted, one to which it was applied as written, and the recipes of the first."""
    with rig.database(given) as online, rig.database(given) as written:
        midair.apply(request_for(root, written, "direct"), Remembering())
        recipes = [each.recipe for each in midair.plan(request_for(root, online)).contracts]
        assert midair.apply(request_for(root, online), Remembering()).revisions == 1
        closed(root, online)
        yield online, written, recipes


def everything(rig: Rig, address: Address) -> list[str]:
    """Schema and rows, as sorted lines."""
    return dump(rig.server.bin, address).splitlines()


def ends_as_written(
    rig: Rig, root: Path, given: str, seen: Callable[[Rig, Address], list[str]] = everything
) -> list[str]:
    """After contract there is what the migration leaves that runs as written, as far as it is `seen`; gives the recipes."""
    with both_ways(rig, root, given) as (online, written, recipes):
        assert seen(rig, online) == seen(rig, written)
    return recipes


def waits_for_its_gate(rig: Rig, root: Path, given: str, table: str) -> None:
    """The second of two migrations touches this table, and is not applied before the first one's contract."""
    with rig.database(given) as address:
        with pytest.raises(GateInTheWay, match=table):
            midair.apply(request_for(root, address), Remembering())
        midair.apply(request_for(root, address), Remembering(), "1")
        closed(root, address)
        assert midair.apply(request_for(root, address), Remembering()).revisions == 1


def refused_online(rig: Rig, root: Path, given: str, why: str) -> NotOnline:
    """The error with which the project is not applied; it says what to do."""
    with rig.database(given) as address, pytest.raises(NotOnline, match=why) as caught:
        midair.apply(request_for(root, address), Remembering())
    assert caught.value.hint
    return caught.value


@contextmanager
def known_to_its_tool(rig: Rig, root: Path, given: str) -> Generator[tuple[Address, Session]]:
    """A database in which the tool's own table is there already, and empty, and a session on it."""
    with applied(rig, root, given) as (address, session):
        midair.rollback(request_for(root, address), Remembering())
        yield address, session


def schema_without_history(rig: Rig, address: Address) -> list[str]:
    """Everything but the tool's own table, which a rollback leaves."""
    skipped = ("    version", "    dirty", ");", "    ADD CONSTRAINT schema_migrations")
    lines = dump(rig.server.bin, address).splitlines()
    return [line for line in lines if "schema_migrations" not in line and not line.startswith(skipped)]


def shape_of(rig: Rig, address: Address) -> list[str]:
    """The schema without the order of columns, which statistics objects are written in too."""
    lines = [line.rstrip(",") for line in dump(rig.server.bin, address, data=False).splitlines()]
    lines = [
        line
        for line in lines
        if "schema_migrations" not in line and not line.startswith(("    version", "    dirty", ");"))
    ]
    return sorted(
        " ".join(sorted(line.replace(",", "").split())) if line.startswith("CREATE STAT") else line
        for line in lines
    )


def unlike(rig: Rig, address: Address, wanted: str, *, data: bool = True) -> list[str]:
    """The lines of the dump that are not wanted, and those that are missing."""
    here, there = dump(rig.server.bin, address, data=data).splitlines(), wanted.splitlines()
    lines = unified_diff(there, here, "wanted", "found", lineterm="", n=0)
    return [each for each in lines if not each.startswith("@@")]
