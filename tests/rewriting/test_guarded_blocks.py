"""DO blocks that guard their statements: online they come to what the block itself leaves, as steps that stop nobody."""

import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.rewriting.conftest import Rig, request_for
from tests.support.fly import fly
from tests.support.listening import Remembering
from tests.support.state import dump

import midair
from midair.errors import GateInTheWay, NotOnline
from midair.model.address import Address
from midair.model.plan import Plan, RunStatement
from midair.model.statement import Sql

_SHOP = """
CREATE TABLE customers (id bigint PRIMARY KEY, name text);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint, number text, note text);
INSERT INTO customers SELECT g, 'c' || g FROM generate_series(1, 20) AS g;
INSERT INTO orders SELECT g, 1 + g % 20, 'n' || g, 'x' FROM generate_series(1, 100) AS g;
"""
_KEY = "ALTER TABLE orders ADD CONSTRAINT fk FOREIGN KEY (customer_id) REFERENCES customers (id);"
_NO_KEY = "NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'fk')"


def _if(condition: str, then: str, otherwise: str = "") -> str:
    return f"DO $$ BEGIN\n  IF {condition} THEN {then} {'ELSE ' + otherwise if otherwise else ''}\n  END IF;\nEND $$;"


def _try(body: str, caught: str = "duplicate_object", says: str = "NULL;") -> str:
    return f"DO $$ BEGIN {body} EXCEPTION WHEN {caught} THEN {says} END $$;"


@dataclass(frozen=True)
class Guarded:
    """`uses` are the rewrites that had a hand in it; `told` is a part of a note."""

    name: str
    given: str
    migrations: tuple[str, ...]
    uses: frozenset[str]
    told: str


def _guarded(name: str, migration: str | tuple[str, ...], *uses: str, told: str, given: str = "") -> Guarded:
    migrations = (migration,) if isinstance(migration, str) else migration
    return Guarded(name, _SHOP + given, migrations, frozenset(uses), told)


_CASES = (
    _guarded("the guard holds", _if(_NO_KEY, _KEY), "foreign-key-in-two-steps", told="is taken apart: NOT EXISTS"),
    _guarded("the guard does not hold", _if(_NO_KEY, _KEY) + "\nCREATE INDEX i ON orders (note);", "index-concurrently", told="does nothing here: NOT EXISTS", given=_KEY),
    _guarded(
        "an earlier statement makes the guard false",
        f"{_KEY}\n{_if(_NO_KEY, _KEY)}",
        "foreign-key-in-two-steps",
        told="does nothing here",
    ),
    _guarded(
        "an earlier migration makes the guard false",
        (_KEY, _if(_NO_KEY, _KEY) + "\nCREATE INDEX i ON orders (note);"),
        "foreign-key-in-two-steps", "index-concurrently",
        told="does nothing here",
    ),
    _guarded(
        "a constraint of another column under the same name",
        _if("EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'fk' AND conrelid = '\"orders\"'::regclass)", "ALTER TABLE orders DROP CONSTRAINT fk;")
        + "\n" + _if(_NO_KEY, _KEY.replace(";", " ON DELETE CASCADE;")),
        told="is taken apart: EXISTS", given=_KEY,
    ),
    _guarded(
        "the other branch",
        _if("EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 'orders' AND column_name = 'nix')", "ALTER TABLE orders DROP COLUMN nix;", "CREATE INDEX i ON orders (number);"),
        "index-concurrently",
        told="is taken apart: EXISTS",
    ),
    _guarded(
        "a renamed column",
        _if("EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 'orders' AND column_name = 'note')", "ALTER TABLE orders RENAME COLUMN note TO remark;"),
        "rename-column",
        told="is taken apart",
    ),
    _guarded(
        "several statements inside",
        _if("to_regclass('public.orders') IS NOT NULL", f"ALTER TABLE orders ADD COLUMN IF NOT EXISTS seen boolean NOT NULL DEFAULT false; {_KEY} CREATE INDEX i ON orders (seen, note);"),
        "foreign-key-in-two-steps", "index-concurrently",
        told="is taken apart",
    ),
    _guarded(
        "guards one after the other in one block",
        f"DO $$ BEGIN IF {_NO_KEY} THEN {_KEY} END IF; IF {_NO_KEY} THEN {_KEY} END IF; CREATE INDEX i ON orders (note); END $$;",
        "foreign-key-in-two-steps", "index-concurrently",
        told="holds, and NOT EXISTS",
    ),
    _guarded(
        "an early end",
        f"DO $$ BEGIN IF {_NO_KEY} THEN CREATE INDEX i ON orders (note); RETURN; END IF; DROP TABLE orders; END $$;",
        "index-concurrently",
        told="is taken apart",
    ),
    _guarded("an attempt that succeeds", _try(_KEY), "foreign-key-in-two-steps", told="is taken apart"),
    _guarded("an attempt that fails", f"{_try(_KEY)}\nCREATE INDEX i ON orders (note);", "index-concurrently", told="meets duplicate_object", given=_KEY),
    _guarded(
        "an attempt of which nothing stays",
        _try("CREATE TABLE extra (a int); CREATE INDEX i ON orders (number);", "duplicate_object OR duplicate_table") + "\nCREATE INDEX j ON orders (note);",
        "index-concurrently",
        told="meets duplicate_table",
        given="CREATE INDEX i ON orders (note);",
    ),
    _guarded(
        "attempts in blocks of their own",
        "DO $$ BEGIN BEGIN CREATE TYPE mood AS ENUM ('a'); EXCEPTION WHEN duplicate_object THEN NULL; END;"
        " BEGIN ALTER TABLE orders ADD note text; EXCEPTION WHEN duplicate_column THEN RAISE NOTICE 'there'; END; END $$;\nCREATE INDEX i ON orders (note);",
        "index-concurrently",
        told="meets duplicate_column",
    ),
    _guarded(
        "a type by its name",
        _if("NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'mood')", "CREATE TYPE mood AS ENUM ('x'); ALTER TABLE orders ADD mood mood; CREATE INDEX i ON orders (mood);"),
        "index-concurrently",
        told="is taken apart",
    ),
)  # fmt: skip


@pytest.mark.parametrize("case", _CASES, ids=lambda each: each.name)
def test_a_guarded_block_leaves_what_the_block_as_written_leaves(
    rig: Rig, project: Callable[..., Path], case: Guarded
) -> None:
    root = project(*case.migrations)
    with rig.database(case.given) as written, rig.database(case.given) as online:
        midair.apply(request_for(root, written, "direct"), Remembering())
        made = midair.plan(request_for(root, online))
        assert case.uses <= {step.rewrite for step in made.steps}
        assert any(case.told in note for note in made.notes)
        assert not any("DO $$" in sql for sql in _sent(made))
        midair.apply(request_for(root, online), Remembering())
        if made.contracts:
            midair.contract(request_for(root, online), Remembering(), force=True)
        assert dump(rig.server.bin, online) == dump(rig.server.bin, written)


def _sent(plan: Plan) -> list[str]:
    return [step.action.statement.sql for step in plan.steps if isinstance(step.action, RunStatement)]


def test_a_foreign_key_in_a_block_is_checked_beside_the_writers(
    newest: Rig, project: Callable[..., Path]
) -> None:
    with newest.database(_SHOP) as address:
        made = midair.plan(request_for(project(_if(_NO_KEY, _KEY)), address))
        sent = [" ".join(each.split()) for each in _sent(made)]
    assert sent[0].endswith("NOT VALID")
    assert sent[1] == "ALTER TABLE orders VALIDATE CONSTRAINT fk"


def test_an_index_in_a_block_is_built_beside_the_writers(newest: Rig, project: Callable[..., Path]) -> None:
    block = _if("to_regclass('public.i') IS NULL", "CREATE INDEX i ON orders (note);")
    with newest.database(_SHOP) as address:
        made = midair.plan(request_for(project(block), address))
    assert _sent(made)[0].startswith("CREATE INDEX CONCURRENTLY")
    assert [each.origin.span.line for each in made.steps if each.origin is not None] == [1]


_WHOLE = (
    ("an if in an if", _if("true", f"IF {_NO_KEY} THEN {_KEY} END IF;"), "an IF inside an IF"),
    ("a question to the user's rows", _if("NOT EXISTS (SELECT 1 FROM orders WHERE id = -1)", _KEY), "only the server can tell whether NOT EXISTS"),
    ("anything caught", _try(_KEY, "OTHERS"), "meets others"),
    ("work where an error is caught", _try(_KEY, says="DELETE FROM orders WHERE id = 1;"), "where it catches an error"),
    ("a function that does what it likes", _if("random() < 2", _KEY), "only the server can tell"),
    ("a variable", f"DO $$ DECLARE n int := 1; BEGIN IF {_NO_KEY} THEN {_KEY} END IF; END $$;", "declares variables"),
    ("a statement made while it runs", f"DO $$ BEGIN IF {_NO_KEY} THEN EXECUTE format('ALTER TABLE orders ADD CONSTRAINT fk CHECK (%I > 0)', 'id'); END IF; END $$;", "EXECUTE builds its SQL"),
    ("what only another error could stop", _try("CREATE INDEX i ON orders (number);"), "meets duplicate_table, which is not caught"),
)  # fmt: skip


@pytest.mark.parametrize(("_", "block", "why"), _WHOLE, ids=[each[0] for each in _WHOLE])
def test_a_block_that_only_the_server_can_decide_stays_whole(
    newest: Rig, project: Callable[..., Path], _: str, block: str, why: str
) -> None:
    root = project(f"{block}\nCREATE INDEX j ON orders (note);")
    with newest.database(_SHOP + "CREATE INDEX i ON orders (note);") as address:
        made = midair.plan(request_for(root, address))
    assert any("DO $$" in sql for sql in _sent(made))
    assert any("stays whole" in note and why in note for note in made.notes)


@pytest.mark.parametrize(
    "before",
    [
        "SELECT make();",
        "CREATE EXTENSION IF NOT EXISTS citext;",
        "DO $$ DECLARE n int; BEGIN IF EXISTS (SELECT 1 FROM orders WHERE id = 1) THEN ALTER TABLE customers ADD made int; END IF; END $$;",
    ],
)
def test_after_what_a_plan_cannot_see_nothing_is_taken_apart(
    newest: Rig, project: Callable[..., Path], before: str
) -> None:
    given = f"{_SHOP}CREATE FUNCTION make() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN {_KEY} END $f$;"
    root = project(f"{before}\n{_if(_NO_KEY, _KEY)}\nCREATE INDEX j ON orders (note);")
    with newest.database(given) as written, newest.database(given) as online:
        midair.apply(request_for(root, written, "direct"), Remembering())
        made = midair.plan(request_for(root, online))
        assert any("stays whole" in note and "cannot see" in note for note in made.notes)
        midair.apply(request_for(root, online), Remembering())
        assert dump(newest.server.bin, online) == dump(newest.server.bin, written)


def test_where_names_mean_another_schema_nothing_is_taken_apart(
    newest: Rig, project: Callable[..., Path]
) -> None:
    given = f"CREATE SCHEMA app; SET search_path = app; {_SHOP}"
    root = project(_if("to_regclass('orders') IS NOT NULL", _KEY) + "\nCREATE INDEX j ON orders (note);")
    with newest.database(given) as address:
        with newest.session(address) as session:
            session.run([Sql(f"ALTER DATABASE {address.database} SET search_path = app")], atomic=False)
        made = midair.plan(request_for(root, address))
        midair.apply(request_for(root, address), Remembering())
        with newest.session(address) as session:
            made_there = session.query(
                "SELECT conrelid::regclass::text FROM pg_constraint WHERE conname = 'fk'"
            )
    assert any("DO $$" in sql for sql in _sent(made))
    assert made_there == [("orders",)]


def test_a_column_that_waits_for_contract_is_asked_of_nobody(
    newest: Rig, project: Callable[..., Path]
) -> None:
    gone = "ALTER TABLE orders DROP COLUMN note;"
    asks = _if("NOT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 'orders' AND column_name = 'note')", "ALTER TABLE orders ADD note int;")  # fmt: skip
    root = project(gone, asks)
    with newest.database(_SHOP) as address:
        midair.apply(request_for(root, address), Remembering(), "1")
        with pytest.raises(GateInTheWay):
            midair.plan(request_for(root, address))


def test_a_name_that_the_running_application_means_otherwise_is_not_given_again(
    newest: Rig, project: Callable[..., Path]
) -> None:
    renamed = "ALTER TABLE orders RENAME COLUMN note TO remark;"
    for root in (
        project(
            _if("to_regclass('public.orders') IS NOT NULL", renamed) + "\nALTER TABLE orders ADD note text;"
        ),
        project(renamed + "\nALTER TABLE orders RENAME COLUMN number TO note;"),
    ):
        with (
            newest.database(_SHOP) as address,
            pytest.raises(NotOnline, match="in two shapes until contract"),
        ):
            midair.plan(request_for(root, address))


def test_a_run_that_was_cut_off_keeps_to_what_was_decided(newest: Rig, project: Callable[..., Path]) -> None:
    # The key is there once the first step is done: asked again, the guard would leave it unchecked for good.
    root = project(_if(_NO_KEY, f"{_KEY} CREATE INDEX i ON orders (note);"))
    with newest.database(_SHOP) as written, newest.database(_SHOP) as whole:
        midair.apply(request_for(root, written, "direct"), Remembering())
        heard = Remembering()
        midair.apply(request_for(root, whole), heard)
        expected = dump(newest.server.bin, written)
        assert dump(newest.server.bin, whole) == expected
    for event in range(3, len(heard.events), 3):
        with newest.database(_SHOP) as address:
            code, said = fly(root, address, dies_at=event, strategy="online").landed()
            assert code == -signal.SIGKILL, said
            midair.resume(request_for(root, address), Remembering())
            assert dump(newest.server.bin, address) == expected


def test_a_block_with_nothing_to_do_asks_for_no_lock(newest: Rig, project: Callable[..., Path]) -> None:
    with newest.database(_SHOP + _KEY) as address:
        made = midair.plan(request_for(project(_if(_NO_KEY, _KEY)), address))
        midair.apply(request_for(project(_if(_NO_KEY, _KEY)), address), Remembering())
    assert all(not step.locks for step in made.steps)
    assert any("does nothing here" in note for note in made.notes)


def test_what_a_block_leaves_for_contract_is_taken_back_like_any_other(
    newest: Rig, project: Callable[..., Path]
) -> None:
    renames = "ALTER TABLE orders RENAME COLUMN note TO remark; ALTER TABLE customers DROP COLUMN name;"
    root = project(_if("to_regclass('public.orders') IS NOT NULL", renames))
    with newest.database(_SHOP) as address:
        before = _shop(newest, address)
        midair.apply(request_for(root, address), Remembering())
        assert _shop(newest, address) != before
        midair.rollback(request_for(root, address), Remembering(), "1")
        assert _shop(newest, address) == before


def _shop(rig: Rig, address: Address) -> list[tuple[object, ...]]:
    with rig.session(address) as session:
        shape = session.query(
            "SELECT table_name::text, column_name::text, ordinal_position::int FROM information_schema.columns WHERE table_schema = 'public'"
            " AND table_name <> 'schema_migrations' ORDER BY 1, 3"
        )
        parts = session.query("SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1")
        return [
            *shape,
            *parts,
            *session.query("SELECT * FROM orders ORDER BY id"),
            *session.query("SELECT * FROM customers ORDER BY id"),
        ]


def test_a_migration_that_is_brief_stays_as_its_author_wrote_it(
    newest: Rig, project: Callable[..., Path]
) -> None:
    block = _if("to_regclass('public.extra') IS NULL", "CREATE TABLE extra (a int);")
    with newest.database(_SHOP) as address:
        made = midair.plan(request_for(project(block), address))
    assert [each for each in _sent(made) if each.startswith("DO $$")] == [block.rstrip(";")]
