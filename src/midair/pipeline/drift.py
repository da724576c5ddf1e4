"""The target against what its migrations say: built on a throwaway server, compared object by object."""

import time
from dataclasses import dataclass

from midair.dialects.postgresql.inventory import inventory
from midair.dialects.postgresql.mending import mending
from midair.errors import Unsupported
from midair.model.address import Product
from midair.model.inventory import Difference, differences
from midair.model.migration import Direction, State
from midair.pipeline.flying import flown
from midair.pipeline.opening import opening
from midair.pipeline.plan import laid, scripts_of
from midair.pipeline.request import Request
from midair.pipeline.stage import roles_in, stage
from midair.pipeline.standings import standings_of
from midair.pipeline.trial import Silent, own_tables


@dataclass(frozen=True, slots=True)
class Drifted:
    """One object that differs. `first` is what the migrations say, `second` what the target holds.

    `to_target` brings the target back to what the migrations say; `to_migrations` is what a new
    migration would have to say. Either is empty where it is not certain.
    """

    difference: Difference
    to_target: tuple[str, ...] = ()
    to_migrations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Drift:
    """What differs between a target and its migrations."""

    target: str
    revisions: int
    server: str
    differences: tuple[Drifted, ...]
    took_s: float


def drift(request: Request) -> Drift:
    """Every object in which the target is not what its applied migrations make; the target is only read.

    Raises:
        Unsupported: the target is not PostgreSQL.
        MigrationFailed: the applied migrations cannot be run from an empty database.
    """
    began = time.monotonic()
    with opening(request) as target:
        if target.session.product is not Product.POSTGRESQL:
            raise Unsupported(f"drift is told on PostgreSQL, and this is {target.session.product}")
        _, standings = standings_of(target)
        there = {each.revision for each in standings if each.state is State.APPLIED}
        real = inventory(target.session).without_tables(own_tables(target))
        roles = [
            str(row[0])
            for row in target.session.query("SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_'")
        ]
        address = str(target.session.address)
    with stage(request, from_empty=True) as here, here.opened() as opened:
        applied, standings = standings_of(opened)
        chosen = [each.migration for each in standings if each.migration and each.revision in there]
        scripts = scripts_of(opened, chosen, Direction.UP, applied)
        statements = [each for script in scripts.by_revision.values() for each in script.statements]
        here.bring_roles([*roles, *roles_in(statements)])
        flown(opened, laid(opened, chosen, scripts, Direction.UP, applied), Silent())
        said = inventory(opened.session).without_tables(own_tables(opened))
        own = here.majors[0]
    found = tuple(
        Drifted(
            each,
            mending(each.thing, each.second, each.first, each.table),
            mending(each.thing, each.first, each.second, each.table),
        )
        for each in differences(said, real)
    )
    return Drift(address, len(chosen), f"PostgreSQL {own}", found, time.monotonic() - began)
