"""What stands at a gate: tripwires, age and quiet, a person's word on record, what is put aside and how it comes back."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests.rewriting.conftest import Rig, request_for
from tests.rewriting.phases import schema_without_history, with_downgrade, without_downgrade
from tests.support.backfills import run_all
from tests.support.listening import Remembering
from tests.support.state import dump

import midair
from midair.errors import GateShut, Refused
from midair.model.address import Address
from midair.model.contract import Light
from midair.model.migration import Direction
from midair.model.plan import RunStatement
from midair.pipeline.contract import Seen
from midair.pipeline.stands import Phase
from midair.pipeline.status import Least, has_come

_SHOP = """
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, total numeric, note text NOT NULL, state text DEFAULT 'new', extra json, kind text NOT NULL DEFAULT 'k');
CREATE TABLE audit (id int PRIMARY KEY, customer bigint REFERENCES customers, what text);
INSERT INTO customers VALUES (1);
INSERT INTO orders SELECT g, g, 'n' FROM generate_series(1, 20) AS g;
INSERT INTO audit SELECT g, 1, 'w' FROM generate_series(1, 7) AS g;
"""
_RENAME = "ALTER TABLE orders RENAME TO purchases;"
_DROP_COLUMN = "ALTER TABLE orders DROP COLUMN note;"
_DROP_TABLE = "DROP TABLE audit;"

_COPY = "-- midair: strategy = duplicate\nALTER TABLE orders RENAME COLUMN note TO remark;"
_COPY_KIND = "-- midair: strategy = duplicate\nALTER TABLE orders RENAME COLUMN kind TO sort;"
USES = {
    "an insert": (_RENAME, "INSERT INTO orders (id, note) VALUES (100, 'x')"),
    "an upsert": (_RENAME, "INSERT INTO orders (id, note) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET total = 3"),
    "an update": (_RENAME, "UPDATE orders SET total = 1 WHERE id = 3"),
    "a delete": (_RENAME, "DELETE FROM orders WHERE id = 4"),
    "a query": (_RENAME, "SELECT count(*) FROM orders"),
    "an update of a column that goes": (_DROP_COLUMN, "UPDATE orders SET note = note WHERE id = 1"),
    "an insert into a column that goes": (_DROP_COLUMN, "INSERT INTO orders (id, note) VALUES (101, 'x')"),
    "another value than the default": ("ALTER TABLE orders DROP COLUMN state;", "INSERT INTO orders VALUES (102, 1, 'n', 'old')"),
    "an update of the old name of a copied column": (_COPY, "UPDATE orders SET note = note WHERE id = 1"),
    "an insert under the old name of a copied column": (_COPY, "INSERT INTO orders (id, note) VALUES (101, 'x')"),
    "another value than the default of a copied column": (_COPY_KIND, "INSERT INTO orders (id, note, kind) VALUES (104, 'n', 'old')"),
    "a type without equality": ("ALTER TABLE orders DROP COLUMN extra;", "INSERT INTO orders VALUES (103, 1, 'n', 'new', '{}')"),
}  # fmt: skip


@pytest.mark.parametrize("use", USES)
def test_the_tripwire_notes_a_use_of_the_old_shape_and_shuts_the_gate(
    rig: Rig, project: Callable[..., Path], use: str
) -> None:
    migration, statement = USES[use]
    with rig.database(_SHOP) as address:
        root = project(migration)
        midair.apply(request_for(root, address), Remembering())
        assert _light(_loud(root, address), "tripwire") is Light.GREEN
        _later(rig, address)
        _tell(rig, address, statement)
        with pytest.raises(GateShut, match=r"the old shape was last used \d+ s ago, and 30 min of quiet"):
            midair.contract(_asks(root, address, quiet_s=1800), Remembering())
        midair.contract(_asks(root, address, quiet_s=0), Remembering())


@pytest.mark.parametrize(
    ("migration", "statement"),
    [
        (_RENAME, "INSERT INTO purchases (id, note) VALUES (100, 'x'); UPDATE purchases SET total = 1"),
        (_DROP_COLUMN, "INSERT INTO orders (id) VALUES (100); UPDATE orders SET total = 1; SELECT total FROM orders"),
        ("ALTER TABLE orders DROP COLUMN state;", "INSERT INTO orders (id, note) VALUES (100, 'n')"),
        (_COPY, "INSERT INTO orders (id, remark) VALUES (100, 'n'); INSERT INTO orders (id, remark) VALUES (100, 'n') ON CONFLICT (id) DO UPDATE SET remark = 'o'; UPDATE orders SET remark = 'm'; UPDATE orders SET total = 1"),
        (_COPY_KIND, "INSERT INTO orders (id, note) VALUES (100, 'n'); INSERT INTO orders (id, note, sort) VALUES (105, 'n', 'old'); UPDATE orders SET sort = 'm'"),
    ],
)  # fmt: skip
def test_what_the_new_version_does_touches_no_tripwire(
    rig: Rig, project: Callable[..., Path], migration: str, statement: str
) -> None:
    with rig.database(_SHOP) as address:
        root = project(migration)
        midair.apply(request_for(root, address), Remembering())
        _later(rig, address)
        _tell(rig, address, statement)
        assert _light(_loud(root, address), "tripwire") is Light.GREEN


def test_a_tripwire_works_for_roles_without_rights_on_the_journal_and_in_read_only_transactions(
    rig: Rig, project: Callable[..., Path]
) -> None:
    role = f"reader_{rig.major}"
    with rig.database(_SHOP) as address, rig.session(address) as session:
        run_all(
            session, f"DROP ROLE IF EXISTS {role}", f"CREATE ROLE {role}", f"GRANT SELECT ON orders TO {role}"
        )
        root = project(_RENAME)
        midair.apply(request_for(root, address), Remembering())
        if rig.major < 15:
            run_all(session, f"GRANT SELECT ON purchases TO {role}")
        _later(rig, address)
        run_all(session, f"GRANT SELECT ON purchases TO {role}", f"SET ROLE {role}")
        run_all(session, "SET default_transaction_read_only = on")
        assert session.query("SELECT count(*) FROM orders") == [(20,)]
        assert _light(_loud(root, address), "tripwire") is Light.GREEN
        run_all(session, "SET default_transaction_read_only = off")
        assert session.query("SELECT count(*) FROM orders") == [(20,)]
        assert _light(_loud(root, address), "tripwire") is Light.RED
        run_all(session, "RESET ROLE", f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def test_writes_to_a_table_that_goes_shut_the_gate(rig: Rig, project: Callable[..., Path]) -> None:
    with rig.database(_SHOP) as address:
        root = project(_DROP_TABLE)
        midair.apply(request_for(root, address), Remembering())
        _tell(rig, address, "INSERT INTO audit VALUES (100, 1, 'x'); SELECT pg_sleep(1.1)")
        with pytest.raises(GateShut, match=r"1 rows of audit were written since"):
            midair.contract(request_for(root, address), Remembering())


def test_counters_that_were_reset_are_no_evidence(rig: Rig, project: Callable[..., Path]) -> None:
    if rig.major < 15:
        pytest.skip("its counters come in with a delay of their own")
    with rig.database(_SHOP) as address:
        root = project(_DROP_TABLE)
        midair.apply(request_for(root, address), Remembering())
        assert _light(midair.gates(request_for(root, address)), "use") is not Light.RED
        _tell(rig, address, "SELECT pg_stat_reset()")
        seen = midair.gates(request_for(root, address))
        assert _light(seen, "use") is Light.MISSING
        assert "were reset since" in next(each.text for each in seen[0].evidence if each.probe == "use")


def test_a_gate_asks_for_its_age(rig: Rig, project: Callable[..., Path]) -> None:
    with rig.database(_SHOP) as address:
        root = project(_DROP_COLUMN)
        midair.apply(request_for(root, address), Remembering())
        with pytest.raises(GateShut, match=r"ready for \d+ s, and 2 h is asked for"):
            midair.contract(_asks(root, address, age_s=7200), Remembering())
        _tell(rig, address, "UPDATE midair.contract SET ready_at = ready_at - interval '3 hours'")
        midair.contract(_asks(root, address, age_s=7200), Remembering())


def test_a_forced_gate_is_on_record_with_who_and_why(rig: Rig, project: Callable[..., Path]) -> None:
    with rig.database(_SHOP) as address, rig.session(address, "shop@1"):
        root = project(_DROP_COLUMN)
        midair.apply(request_for(root, address), Remembering())
        midair.contract(request_for(root, address), Remembering(), force=True, because="shop@1 is idle")
        asked = "SELECT forced, why, actor IS NOT NULL, host IS NOT NULL, at IS NOT NULL FROM midair.gate"
        assert _ask(rig, address, asked) == [(True, "shop@1 is idle", True, True, True)]


def test_a_force_that_nothing_stands_against_is_recorded_as_none(
    rig: Rig, project: Callable[..., Path]
) -> None:
    with rig.database(_SHOP) as address:
        root = project(_DROP_COLUMN)
        midair.apply(request_for(root, address), Remembering())
        midair.contract(request_for(root, address), Remembering(), force=True, because="to be sure")
        assert _ask(rig, address, "SELECT forced, why FROM midair.gate") == [(False, None)]


@pytest.mark.parametrize("migration", [_DROP_COLUMN, _DROP_TABLE])
def test_what_is_put_aside_comes_back_with_its_rows(
    rig: Rig, project: Callable[..., Path], migration: str
) -> None:
    with rig.database(_SHOP) as address, rig.database(_SHOP) as gone:
        root = without_downgrade(project(migration))
        before = schema_without_history(rig, address)
        for each in (address, gone):
            midair.apply(request_for(root, each), Remembering())
        request = request_for(root, address, archive_s=3600.0)
        midair.contract(request, Remembering())
        midair.contract(request_for(root, gone), Remembering())
        kept = [line.replace("note__dead", "note") for line in schema_without_history(rig, address)]
        assert "audit" not in " ".join(kept) or migration != _DROP_TABLE
        assert [each.phase for each in midair.status(request).stands] == [Phase.ARCHIVED]
        midair.rollback(request_for(root, address), Remembering())
        assert schema_without_history(rig, address) == before
        assert midair.status(request).stands[-1].phase is Phase.UNDONE


@pytest.mark.parametrize("migration", [_DROP_COLUMN, _DROP_TABLE])
def test_what_was_put_aside_is_purged_once_its_time_is_over(
    rig: Rig, project: Callable[..., Path], migration: str
) -> None:
    with rig.database(_SHOP) as address, rig.database(_SHOP) as naive:
        root = without_downgrade(project(migration))
        midair.apply(request_for(root, naive, "direct"), Remembering())
        midair.apply(request_for(root, address), Remembering())
        request = request_for(root, address, archive_s=3600.0)
        midair.contract(request, Remembering())
        assert midair.purge(request, Remembering())[1] == ()
        _tell(rig, address, "UPDATE midair.archive SET purge_after = now()")
        assert len(midair.purge(request, Remembering())[1]) == 1
        assert dump(rig.server.bin, address) == dump(rig.server.bin, naive)
        assert midair.status(request).stands[-1].phase is Phase.PURGED
        assert _ask(rig, address, "SELECT count(*) FROM pg_class WHERE relname LIKE 'midair_%'") == [(0,)]


def test_rows_written_after_the_archive_that_the_old_shape_cannot_take_refuse_the_way_back(
    rig: Rig, project: Callable[..., Path]
) -> None:
    with rig.database(_SHOP) as address:
        root = without_downgrade(project(_DROP_COLUMN))
        request = request_for(root, address, archive_s=60.0)
        midair.apply(request, Remembering())
        midair.contract(request, Remembering())
        _tell(rig, address, "INSERT INTO orders (id) VALUES (500)")
        with pytest.raises(Refused, match=r"1 rows written since hold no value in orders.note__dead"):
            midair.rollback(request, Remembering())
        _tell(rig, address, "UPDATE orders SET note__dead = 'later' WHERE id = 500")
        midair.rollback(request, Remembering())
        assert _ask(rig, address, "SELECT note FROM orders WHERE id IN (1, 500) ORDER BY id") == [
            ("n",),
            ("later",),
        ]


def test_the_authors_downgrade_brings_back_what_is_put_aside_in_place_of_an_empty_column(
    rig: Rig, project: Callable[..., Path]
) -> None:
    down = "ALTER TABLE orders ADD COLUMN note text;\nALTER TABLE orders DROP COLUMN town;\n"
    root = with_downgrade(project("ALTER TABLE orders ADD COLUMN town text;\n" + _DROP_COLUMN), down)
    with rig.database(_SHOP) as address:
        request = request_for(root, address, archive_s=60.0)
        midair.apply(request, Remembering())
        midair.contract(request, Remembering())
        made = midair.plan(request, "-1", Direction.DOWN)
        sent = [step.action.statement.sql for step in made.steps if isinstance(step.action, RunStatement)]
        assert sent[0] == "ALTER TABLE orders RENAME COLUMN note__dead TO note"
        midair.rollback(request, Remembering())
        assert _ask(rig, address, "SELECT DISTINCT note FROM orders") == [("n",)]


def test_a_table_that_others_may_point_to_is_not_put_aside(rig: Rig, project: Callable[..., Path]) -> None:
    with rig.database(_SHOP) as address:
        made = midair.plan(request_for(project("DROP TABLE customers CASCADE;"), address))
        assert made.contracts[0].archive is None
        assert made.contracts[0].comes_back == "the table without its rows, by the downgrade"


def test_status_answers_how_far_everything_has_come(rig: Rig, project: Callable[..., Path]) -> None:
    with rig.database(_SHOP) as address:
        request = request_for(project(_RENAME), address)
        came = [(has_come(midair.status(request), least)) for least in Least]
        midair.apply(request, Remembering())
        came += [(has_come(midair.status(request), least)) for least in Least]
        assert midair.status(request).stands[0].phase is Phase.READY
        midair.contract(request, Remembering())
        came += [(has_come(midair.status(request), least)) for least in Least]
        assert came == [False, False, True, False, True, True]
        assert midair.status(request).stands[0].phase is Phase.CONTRACTED


def test_an_older_journal_is_brought_up_to_date_before_a_contract(
    rig: Rig, project: Callable[..., Path]
) -> None:
    with rig.database(_SHOP) as address:
        request = request_for(project("ALTER TABLE orders ALTER COLUMN state DROP DEFAULT;"), address)
        midair.apply(request, Remembering())
        _tell(
            rig, address, "DROP TABLE midair.gate, midair.archive; UPDATE midair.meta SET schema_version = 4"
        )
        assert midair.status(request).waiting
        midair.contract(request, Remembering())
        assert _ask(rig, address, "SELECT count(*) FROM midair.gate") == [(1,)]


def _asks(root: Path, address: Address, *, age_s: float = 0.0, quiet_s: float = 0.0) -> midair.Request:
    return request_for(root, address, standard=midair.Standard(age_s, quiet_s))


def _loud(root: Path, address: Address) -> Sequence[Seen]:
    return midair.gates(_asks(root, address, quiet_s=1800))


def _light(seen: Sequence[Seen], probe: str) -> Light:
    return next(each.light for each in seen[0].evidence if each.probe == probe)


def _later(rig: Rig, address: Address) -> None:
    """The migration has been ready for a while: a wire holds whole seconds."""
    _tell(rig, address, "UPDATE midair.contract SET ready_at = ready_at - interval '5 seconds'")


def _tell(rig: Rig, address: Address, sql: str) -> None:
    with rig.session(address, "midair by hand") as session:
        run_all(session, *sql.split("; "))


def _ask(rig: Rig, address: Address, sql: str) -> list[tuple[object, ...]]:
    with rig.session(address, "midair by hand") as session:
        return session.query(sql)
