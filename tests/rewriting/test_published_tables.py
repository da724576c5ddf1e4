"""A real logical subscriber of a published table receives every row while the table is retyped, copied and partitioned."""

from collections.abc import Callable
from pathlib import Path

import pytest
from bench.scenarios.s09_published import CHANGES, learnt, refused, survived
from bench.scenarios.world import SHORT, world
from tests.rewriting.conftest import Rig, request_for
from tests.rewriting.scenes import forth_and_back, harmed_nobody, slow_but_for
from tests.support.listening import Remembering

import midair
from midair.errors import NotOnline
from midair.model.statement import Sql
from midair.rehearsal.server import Server

LIVES = forth_and_back(CHANGES, lambda change: change.feed == "FOR TABLE orders")
QUICK = ("int to bigint, forth", "partitioned, forth")


@pytest.mark.parametrize("life", slow_but_for(QUICK, LIVES))
def test_the_subscriber_meets_no_error_and_has_every_row(own_server: Server, life: str) -> None:
    change, back = LIVES[life]
    with world(own_server, SHORT) as here:
        result = survived(here, change, back=back)
    harmed_nobody(result)
    assert int(result.facts["rows at the subscriber"]) > SHORT.rows / 2


def test_what_the_subscriber_would_stop_at_is_refused(own_server: Server) -> None:
    with world(own_server, SHORT) as here:
        result = refused(here)
    assert result.broken == []
    assert result.facts


@pytest.mark.slow
def test_a_subscriber_to_everything_goes_on_once_it_has_the_schema_midair(own_server: Server) -> None:
    with world(own_server, SHORT) as here:
        result = learnt(here)
    harmed_nobody(result)


def test_a_published_column_is_not_put_aside_under_a_name_that_subscribers_lack(
    rig: Rig, project: Callable[..., Path]
) -> None:
    given = "CREATE TABLE orders (id bigint PRIMARY KEY, note text);"
    root = project("ALTER TABLE orders DROP COLUMN note;")
    with rig.database(given) as address, rig.session(address, "midair by hand") as session:
        (contract,) = midair.plan(request_for(root, address)).contracts
        assert contract.archive is not None
        session.run([Sql("CREATE PUBLICATION feed FOR TABLE orders")], atomic=False)
        (contract,) = midair.plan(request_for(root, address)).contracts
        assert contract.archive is None
        if rig.major >= 15:
            session.run([Sql("ALTER PUBLICATION feed SET TABLE orders (id, note)")], atomic=False)
            with pytest.raises(NotOnline, match=r"the publication feed lists orders\.note"):
                midair.plan(request_for(root, address))


def test_a_publication_of_all_tables_does_not_keep_midair_from_working(
    rig: Rig, project: Callable[..., Path]
) -> None:
    given = "CREATE TABLE orders (id bigint PRIMARY KEY, note text); CREATE PUBLICATION everything FOR ALL TABLES;"
    root = project("ALTER TABLE orders ADD COLUMN seen boolean;")
    with rig.database(given) as address:
        notes = midair.plan(request_for(root, address)).notes
        assert any("everything sends every table, the schema midair" in each for each in notes)
        assert any("subscribers stop at seen" in each for each in notes)
        assert midair.apply(request_for(root, address), Remembering()).revisions == 1
