"""What waits for contract is gone for the authors of later migrations, though the server still has it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.rewriting.conftest import Rig, request_for
from tests.support.listening import Remembering
from tests.support.state import dump

import midair
from midair.errors import GateInTheWay, NotOnline

_GIVEN = """
CREATE TABLE queues (id int PRIMARY KEY, kind text, CONSTRAINT kinds UNIQUE (kind));
CREATE TABLE runs (id int PRIMARY KEY, queue int CONSTRAINT runs_queue REFERENCES queues ON DELETE CASCADE, kind text CONSTRAINT runs_kind REFERENCES queues (kind), what text);
INSERT INTO queues SELECT g, 'k' || g FROM generate_series(1, 20) AS g;
INSERT INTO runs SELECT g, g, 'k' || g, 'w' FROM generate_series(1, 20) AS g;
"""


@pytest.mark.parametrize("at_once", [False, True], ids=["one by one", "in one run"])
@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("ALTER TABLE runs DROP COLUMN queue, DROP COLUMN kind;", "DROP TABLE queues;"),
        ("DROP TABLE runs;", "DROP TABLE queues;"),
        ("ALTER TABLE runs DROP COLUMN kind, ADD COLUMN note text;", "ALTER TABLE queues DROP COLUMN kind;"),
        ("ALTER TABLE runs DROP CONSTRAINT runs_queue, DROP CONSTRAINT runs_kind;", "DROP TABLE queues;"),
    ],
)
def test_what_a_foreign_key_that_waits_refers_to_can_be_dropped_next(
    newest: Rig, project: Callable[..., Path], first: str, then: str, at_once: bool
) -> None:
    """The drop waits as well, and its turn comes after."""
    root = project(first, then)
    with newest.database(_GIVEN) as online, newest.database(_GIVEN) as written:
        midair.apply(request_for(root, written, "direct"), Remembering())
        request = request_for(root, online)
        for target in (None,) if at_once else ("1", None):
            midair.apply(request, Remembering(), target)
        midair.contract(request, Remembering(), force=True)
        assert dump(newest.server.bin, online) == dump(newest.server.bin, written)


def test_a_later_drop_that_waits_goes_back_without_the_first(
    newest: Rig, project: Callable[..., Path]
) -> None:
    root = project("ALTER TABLE runs DROP COLUMN queue, DROP COLUMN kind;", "DROP TABLE queues;")
    with newest.database(_GIVEN) as address, newest.session(address) as session:
        request = request_for(root, address)
        midair.apply(request, Remembering(), "1")
        midair.apply(request, Remembering())
        midair.rollback(request, Remembering())
        assert [each.waiting.contract.revision for each in midair.gates(request)] == ["1", "1"]
        midair.rollback(request, Remembering())
        assert not midair.gates(request)
        assert session.query("SELECT count(*), count(queue) FROM runs") == [(20, 20)]


@pytest.mark.parametrize(
    "then",
    [
        "ALTER TABLE runs ADD CONSTRAINT runs_queue FOREIGN KEY (id) REFERENCES queues;",
        "ALTER TABLE runs ADD CONSTRAINT runs_queue CHECK (id > 0);",
        "ALTER TABLE runs ADD COLUMN other int CONSTRAINT runs_queue REFERENCES queues;",
        "DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'runs_queue') THEN"
        " ALTER TABLE runs ADD CONSTRAINT runs_queue FOREIGN KEY (id) REFERENCES queues; END IF; END $$;",
    ],
)
@pytest.mark.parametrize("at_once", [False, True], ids=["one by one", "in one run"])
def test_the_name_of_a_constraint_that_waits_is_taken_until_then(
    newest: Rig, project: Callable[..., Path], then: str, at_once: bool
) -> None:
    root = project("ALTER TABLE runs DROP COLUMN queue;", then)
    with newest.database(_GIVEN) as online, newest.database(_GIVEN) as written:
        request = request_for(root, online)
        if not at_once:
            midair.apply(request, Remembering(), "1")
        with pytest.raises(GateInTheWay, match=r"runs[._]queue"):
            midair.apply(request, Remembering())
        midair.apply(request, Remembering(), "1")
        midair.contract(request, Remembering(), force=True)
        midair.apply(request, Remembering())
        midair.apply(request_for(root, written, "direct"), Remembering())
        assert dump(newest.server.bin, online) == dump(newest.server.bin, written)


@pytest.mark.parametrize("archive_s", [None, 3600.0], ids=["", "put aside first"])
@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE runs DROP CONSTRAINT runs_queue, DROP CONSTRAINT runs_kind;\nDROP TABLE runs;\nDROP TABLE queues;",
        "ALTER TABLE runs DROP CONSTRAINT runs_queue;\nDROP TABLE queues, runs;",
        "ALTER TABLE runs DROP CONSTRAINT runs_kind;\nALTER TABLE queues DROP CONSTRAINT kinds;\nDROP TABLE runs;",
    ],
)
def test_a_table_is_dropped_after_what_the_same_migration_drops_of_it(
    newest: Rig, project: Callable[..., Path], sql: str, archive_s: float | None
) -> None:
    root = project(sql)
    with newest.database(_GIVEN) as online, newest.database(_GIVEN) as written:
        midair.apply(request_for(root, written, "direct"), Remembering())
        request = request_for(root, online, archive_s=archive_s)
        midair.apply(request, Remembering())
        midair.contract(request, Remembering(), force=True)
        midair.purge(request, Remembering(), early=True)
        assert dump(newest.server.bin, online) == dump(newest.server.bin, written)


def test_tables_that_refer_to_each_other_are_not_dropped_one_by_one(
    newest: Rig, project: Callable[..., Path]
) -> None:
    root = project("DROP TABLE queues, runs;")
    given = _GIVEN + "ALTER TABLE queues ADD run int REFERENCES runs;"
    with newest.database(given) as address, pytest.raises(NotOnline, match="cannot be taken apart"):
        midair.plan(request_for(root, address))


_USED = """
CREATE TYPE state AS ENUM ('new', 'old');
CREATE SEQUENCE numbers;
CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.what := NEW.what || 1; RETURN NEW; END';
CREATE TABLE runs (id int PRIMARY KEY, state state NOT NULL DEFAULT 'new', number int NOT NULL DEFAULT nextval('numbers'), what text);
CREATE TABLE logs (id int PRIMARY KEY, what text, states state[]);
CREATE TRIGGER touched BEFORE INSERT ON logs FOR EACH ROW EXECUTE FUNCTION touched();
INSERT INTO runs (id) SELECT generate_series(1, 20);
"""


@pytest.mark.parametrize("archive_s", [None, 3600.0], ids=["", "put aside first"])
@pytest.mark.parametrize(
    ("migrations", "until"),
    [
        (("ALTER TABLE runs DROP COLUMN state;\nALTER TABLE logs DROP COLUMN states;\nDROP TYPE state;",), ["1"]),
        (("ALTER TABLE runs DROP COLUMN state;\nDROP TABLE logs;", "DROP TYPE state;"), ["1", None]),
        (("ALTER TABLE runs DROP COLUMN state;\nDROP TABLE logs;", "DROP TYPE state;"), [None]),
        (("DROP TABLE logs;\nDROP FUNCTION touched();",), [None]),
        (("DROP TABLE logs;", "DROP FUNCTION IF EXISTS touched;"), ["1", None]),
        (("ALTER TABLE runs DROP COLUMN number;\nDROP SEQUENCE numbers;",), [None]),
        (("DROP TABLE runs;", "DROP SEQUENCE numbers;"), ["1", None]),
    ],
)  # fmt: skip
def test_what_a_drop_that_waits_still_uses_goes_after_it(
    newest: Rig,
    project: Callable[..., Path],
    migrations: tuple[str, ...],
    until: list[str | None],
    archive_s: float | None,
) -> None:
    root = project(*migrations)
    with newest.database(_USED) as online, newest.database(_USED) as written:
        midair.apply(request_for(root, written, "direct"), Remembering())
        request = request_for(root, online, archive_s=archive_s)
        for target in until:
            midair.apply(request, Remembering(), target)
        midair.contract(request, Remembering(), force=True)
        if archive_s is not None:
            midair.purge(request, Remembering(), early=True)
        assert dump(newest.server.bin, online) == dump(newest.server.bin, written)


@pytest.mark.parametrize("at_once", [False, True], ids=["one by one", "in one run"])
def test_a_type_that_waits_to_go_is_not_made_anew_before(
    newest: Rig, project: Callable[..., Path], at_once: bool
) -> None:
    gone = "ALTER TABLE runs DROP COLUMN state;\nALTER TABLE logs DROP COLUMN states;\nDROP TYPE state;"
    root = project(gone, "CREATE TYPE state AS ENUM ('open');")
    with newest.database(_USED) as address:
        request = request_for(root, address)
        if not at_once:
            midair.apply(request, Remembering(), "1")
        with pytest.raises(GateInTheWay, match="state"):
            midair.apply(request, Remembering())
        midair.apply(request, Remembering(), "1")
        midair.rollback(request, Remembering())
        with newest.session(address) as session:
            assert session.query("SELECT count(*), count(state) FROM runs") == [(20, 20)]


def test_rows_are_changed_in_batches_beside_a_column_that_waits(
    newest: Rig, project: Callable[..., Path]
) -> None:
    """The wire that hears of writes to the column fires once a statement, and is no reason against batches."""
    root = project("ALTER TABLE runs DROP COLUMN number;", "UPDATE runs SET what = 'x' WHERE what IS NULL;")
    with newest.database(_USED) as address, newest.session(address) as session:
        request = request_for(root, address)
        midair.apply(request, Remembering(), "1")
        assert "rows-in-batches" in {each.rewrite for each in midair.plan(request, None).steps}
        midair.apply(request, Remembering())
        assert session.query("SELECT count(*) FROM runs WHERE what = 'x'") == [(20,)]
