"""A change on its way through its phases: applied, contracted, and compared with what the naive migration leaves."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.rewriting.conftest import Rig, request_for
from tests.support.listening import Remembering
from tests.support.state import dump

import midair
from midair.database import Session
from midair.model.address import Address


@contextmanager
def applied(rig: Rig, root: Path, given: str) -> Generator[tuple[Address, Session]]:
    """A database that held what is given, to which the project was applied, and a session on it."""
    with rig.database(given) as address, rig.session(address, "midair by hand") as session:
        midair.apply(request_for(root, address), Remembering())
        yield address, session


def closed(root: Path, address: Address) -> None:
    """Contracts everything, with nothing against it."""
    seen = midair.contract(request_for(root, address), Remembering())[1]
    assert seen


def without_downgrade(root: Path) -> Path:
    """The project, with no downgrade of its author's: what rolls it back is midair's own."""
    for each in (root / "migrations").glob("*.down.sql"):
        each.unlink()
    return root


def ends_as_written(rig: Rig, root: Path, given: str, recipe: str) -> None:
    """By this recipe, schema and rows are after contract what the migration leaves that runs as written."""
    with rig.database(given) as written, rig.database(given) as online:
        midair.apply(request_for(root, written, "direct"), Remembering())
        assert recipe in {each.recipe for each in midair.plan(request_for(root, online)).contracts}
        midair.apply(request_for(root, online), Remembering())
        closed(root, online)
        assert dump(rig.server.bin, online) == dump(rig.server.bin, written)


def schema_without_history(rig: Rig, address: Address) -> list[str]:
    """Everything but the tool's own table, which a rollback leaves."""
    skipped = ("    version", "    dirty", ");", "    ADD CONSTRAINT schema_migrations")
    lines = dump(rig.server.bin, address).splitlines()
    return [line for line in lines if "schema_migrations" not in line and not line.startswith(skipped)]
