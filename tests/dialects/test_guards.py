"""What a guard asks, and what an attempt meets, is what the server itself answers and raises."""

from collections.abc import Generator

import pytest
from tests.support.servers import NEWEST, OLDEST, programs_of, server_of

from midair.database import Guard, Session, open_session
from midair.dialects.postgresql.changes import changes_of
from midair.dialects.postgresql.guards.collisions import Unsure, raised_by
from midair.dialects.postgresql.guards.opened import Left, Opened, opened
from midair.dialects.postgresql.guards.questions import answer
from midair.dialects.postgresql.snapshot import snapshot
from midair.errors import StatementFailed
from midair.model.schema import Schema
from midair.model.statement import Sql

_GIVEN = """
CREATE TABLE r (id int PRIMARY KEY, CONSTRAINT positive CHECK (id > 0));
CREATE TABLE t (a int NOT NULL, b int, "Name" text DEFAULT 'x', n bigint GENERATED ALWAYS AS IDENTITY, CONSTRAINT ck CHECK (a > 0), CONSTRAINT u UNIQUE (b));
ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (a) REFERENCES r NOT VALID;
CREATE INDEX i ON t (a);
CREATE TABLE "Order" (id bigserial PRIMARY KEY, "userId" int);
CREATE TYPE mood AS ENUM ('x', 'y'); CREATE DOMAIN d AS int CONSTRAINT above CHECK (VALUE > 0);
CREATE TYPE comp AS (a int, b int); CREATE TYPE span AS RANGE (subtype = int); CREATE SEQUENCE s;
CREATE VIEW v AS SELECT 1 AS a; CREATE MATERIALIZED VIEW mv AS SELECT 1 AS q;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tg BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
CREATE POLICY pol ON t; CREATE RULE ru AS ON INSERT TO "Order" DO ALSO NOTHING;
CREATE SCHEMA other; CREATE TABLE other.t (z int, CONSTRAINT elsewhere CHECK (z > 0)); CREATE TABLE other.alone (id int PRIMARY KEY);
CREATE TABLE p (at date NOT NULL, CONSTRAINT kept CHECK (at > '2000-01-01')) PARTITION BY RANGE (at);
CREATE TABLE p_a PARTITION OF p FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE plain (a int, b int); CREATE TABLE "_AToB" ("A" int, CONSTRAINT "_AToB_A_fkey" FOREIGN KEY ("A") REFERENCES r);
CREATE FOREIGN DATA WRAPPER far; CREATE SERVER away FOREIGN DATA WRAPPER far; CREATE FOREIGN TABLE abroad (a int) SERVER away;
"""


@pytest.fixture(scope="module", params=[NEWEST, OLDEST])
def met(request: pytest.FixtureRequest) -> Generator[tuple[Session, Schema]]:
    """A session on a database with something of everything, and the schema read from it."""
    if programs_of(request.param) is None:
        pytest.skip(f"no PostgreSQL {request.param} on this machine")
    with server_of(request.param) as server:
        session = open_session(server.admin, Guard(), "midair tests")
        session.run([Sql(_GIVEN)], atomic=False)
        yield session, snapshot(session)
        session.close()


_NAMES = (
    "t", "r", "i", "u", "ck", "fk", "Order", "order", "mood", "comp", "d", "s", "v", "mv", "nix", "t_a_not_null", "above", "pol", "ru",
    "tg", "f", "elsewhere", "alone", "p", "p_a", "kept", "positive", "Order_pkey", "Order_id_seq", "t_n_seq", "columns", "int4", "pg_class", "span",
    "_AToB", "_AToB_A_fkey", "_AToB_B_fkey", "_mood", "abroad", "current_schemas",
)  # fmt: skip
_ASKED = (
    "EXISTS (SELECT 1 FROM pg_constraint WHERE conname = '{}')",
    "NOT EXISTS (SELECT FROM pg_catalog.pg_constraint c WHERE c.conname = '{}' AND c.conrelid = 'public.t'::regclass)",
    "EXISTS (SELECT 1 FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid WHERE t.relname = 't' AND conname = '{}')",
    "EXISTS (SELECT 1 FROM pg_class WHERE relname = '{}')",
    "EXISTS (SELECT 1 FROM pg_class c, pg_namespace n WHERE n.oid = c.relnamespace AND c.relname = '{}' AND n.nspname = 'public')",
    "EXISTS (SELECT 1 FROM pg_class WHERE relname = '{}' AND relkind IN ('r', 'p'))",
    "EXISTS (SELECT 1 FROM pg_type WHERE typname = '{}')",
    "EXISTS (SELECT 1 FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE typname = '{}' AND nspname = current_schema() AND typtype = 'e')",
    "EXISTS (SELECT 1 FROM pg_indexes WHERE indexname = '{}')",
    "EXISTS (SELECT * FROM information_schema.tables WHERE table_name = '{}')",
    "EXISTS (SELECT * FROM information_schema.tables WHERE table_name = '{}' AND table_schema = 'public' AND table_type = 'BASE TABLE')",
    "EXISTS (SELECT constraint_name FROM information_schema.table_constraints WHERE constraint_name = '{}')",
    "EXISTS (SELECT 1 FROM information_schema.table_constraints WHERE table_name = '{}' AND constraint_type = 'PRIMARY KEY')",
    "EXISTS (SELECT 1 FROM information_schema.sequences WHERE sequence_name = '{}')",
    "EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = '{}' AND column_name = 'a')",
    "EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = '{}')",
    "EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = 'public' AND tablename = '{}')",
    "to_regclass('{}') IS NULL",
    "to_regclass('public.{}') IS NOT NULL",
    "to_regtype('{}') IS NULL",
    "'{}' IN (SELECT conname FROM pg_constraint WHERE conrelid = 'public.t'::regclass)",
    "(SELECT count(*) FROM pg_class WHERE relname = '{}') = 0",
    "(SELECT count(1) FROM pg_constraint WHERE conname = '{}') > 0",
    "(SELECT count(NULL) FROM pg_constraint WHERE conname = '{}') > 0",
    "(SELECT EXISTS (SELECT 1 FROM pg_type WHERE typname = '{}'))",
    "EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid::regclass::text = '{}' AND contype = 'p')",
    "EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid::text = '{}')",
    "EXISTS (SELECT 1 FROM pg_class c WHERE c.relname = '{}' AND pg_table_is_visible(c.oid))",
    "EXISTS (SELECT 1 FROM pg_catalog.pg_type t WHERE t.typname = '{}' AND pg_catalog.pg_type_is_visible(t.oid))",
    "EXISTS (SELECT 1 FROM information_schema.columns WHERE table_catalog = current_database() AND table_name = '{}' AND column_name = 'b' AND udt_name = 'int4')",
    "EXISTS (SELECT 1 FROM information_schema.columns WHERE table_catalog = current_catalog AND table_name = '{}' AND data_type = 'character varying')",
    "EXISTS (SELECT 1 FROM information_schema.key_column_usage WHERE table_name = '{}' AND column_name = 'id')",
    "EXISTS (SELECT 1 FROM information_schema.referential_constraints WHERE constraint_name = '{}')",
    "EXISTS (SELECT 1 FROM pg_policies WHERE policyname = '{}' AND tablename = 't')",
    "EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass('{}') AND attname = 'a' AND attnotnull)",
    "EXISTS (SELECT 1 FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.relname = '{}' AND a.attname = 'b' AND NOT a.attisdropped)",
)
_ONE_BY_ONE = (
    "EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = 'public.t'::regclass AND attname = 'a' AND NOT attisdropped)",
    "EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass('\"Order\"') AND attname = 'userId' AND attnum > 0)",
    "EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass('nix') AND attname = 'a' AND NOT attisdropped)",
    "EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = 'public.t'::regclass AND attname = 'ctid')",
    "EXISTS (SELECT 1 FROM pg_attribute WHERE attname = 'a')",
    "EXISTS (SELECT 1 FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid WHERE t.typname = 'mood' AND e.enumlabel = 'x')",
    "EXISTS (SELECT 1 FROM pg_enum WHERE enumlabel = 'z' AND enumtypid = (SELECT oid FROM pg_type WHERE typname = 'mood'))",
    "EXISTS (SELECT 1 FROM pg_index WHERE indrelid = 'public.t'::regclass AND indisunique)",
    "EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 't' AND column_name = 'a' AND data_type = 'integer')",
    "EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 't' AND column_name = 'a' AND is_nullable = 'YES')",
    "EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 'T' AND column_name = 'a')",
    "EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = lower('T') AND column_name IN ('q', 'b'))",
    "EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'fk' AND NOT convalidated AND contype = 'f')",
    "EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'fk') AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'nix')",
    "to_regclass('i') IS NULL OR to_regclass('nix') IS NULL",
    "EXISTS (SELECT 1 FROM pg_class WHERE relname = ANY (ARRAY['nix', 'v']))",
    "EXISTS (SELECT 1 FROM pg_class WHERE relname = NULL)",
    "EXISTS (SELECT count(*) FROM pg_class WHERE relname = 'nix')",
    "NULL",
    "(SELECT relname FROM pg_class WHERE relname = 'nix') = 'nix'",
    "EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'other')",
    "EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'information_schema')",
    "EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relname = 'tables' AND nspname = 'information_schema')",
    "EXISTS (SELECT 1 FROM information_schema.tables WHERE table_name = 'tables' AND table_schema = 'information_schema')",
    "true",
)


@pytest.mark.parametrize("question", [*_ASKED, *_ONE_BY_ONE])
def test_a_question_is_answered_as_the_server_answers_it(met: tuple[Session, Schema], question: str) -> None:
    session, schema = met
    for condition in dict.fromkeys(question.format(name) for name in _NAMES):
        said = answer(condition, schema)
        if said is not None:
            assert said is session.query(f"SELECT coalesce(({condition}), false)")[0][0], condition


def test_what_guards_ask_most_is_answered(met: tuple[Session, Schema]) -> None:
    _, schema = met
    asked = ("nix", "ck", "fk", "u")
    assert all(answer(_ASKED[0].format(name), schema) is (name != "nix") for name in asked)
    assert all(answer(_ASKED[1].format(name), schema) is (name == "nix") for name in asked)
    assert answer(_ASKED[6].format("mood"), schema) is True
    assert answer(_ASKED[6].format("nix"), schema) is False
    assert answer(_ASKED[0].format("_AToB_A_fkey"), schema) is True
    assert answer(_ASKED[0].format("_AToB_B_fkey"), schema) is False
    assert (
        answer(
            "EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid::regclass::text = '\"Order\"' AND contype = 'p')",
            schema,
        )
        is True
    )
    assert answer("(SELECT EXISTS (SELECT 1 FROM pg_policies WHERE policyname = 'pol'))", schema) is True
    assert (
        answer(
            "(SELECT count(1) FROM information_schema.columns WHERE table_catalog = current_database() AND table_name = 'plain' AND column_name = 'b') = 1",
            schema,
        )
        is True
    )
    assert answer(_ONE_BY_ONE[0], schema) is True
    assert answer(_ONE_BY_ONE[2], schema) is False
    assert answer("to_regclass('t') IS NULL", schema) is None  # another schema has one of that name


@pytest.mark.parametrize(
    "condition",
    [
        "EXISTS (SELECT 1 FROM t WHERE a = 1)",
        "EXISTS (SELECT 1 FROM pg_constraint c JOIN t ON true WHERE conname = 'nix')",
        "EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'nix')",
        "EXISTS (SELECT 1 FROM other.pg_class WHERE relname = 'nix')",
        "EXISTS (SELECT 1 FROM pg_class WHERE relname = 'nix' AND random() < 2)",
        "EXISTS (SELECT 1 FROM pg_class WHERE relname LIKE 'ni%')",
        "EXISTS (SELECT 1 FROM pg_class GROUP BY relname HAVING count(*) > 1)",
        "EXISTS (SELECT 1 FROM pg_class LIMIT 0)",
        "EXISTS (SELECT unnest(conkey) FROM pg_constraint WHERE conname = 'ck')",
        "EXISTS (WITH c AS (SELECT 1) SELECT 1 FROM pg_class WHERE relname = 'r')",
        "EXISTS (SELECT 1 FROM pg_class a LEFT JOIN pg_class b ON b.relname = 'nix' WHERE a.relname = 'r')",
        "current_setting('server_version_num')::int > 1",
        "EXISTS (SELECT 1 FROM pg_class c WHERE EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid = c.oid AND conname = 'ck'))",
        "true), (false",
        "'nix'::regclass IS NULL",
        "(SELECT count(DISTINCT 1) FROM pg_class WHERE relname = 'r') = 1",
        "(SELECT count(*) FILTER (WHERE false) FROM pg_class WHERE relname = 'r') = 1",
    ],
)
def test_a_question_that_the_schema_cannot_answer_is_left_to_the_server(
    met: tuple[Session, Schema], condition: str
) -> None:
    assert answer(condition, met[1]) is None


def test_nothing_is_answered_where_the_schema_is_not_all_there_is() -> None:
    assert answer("EXISTS (SELECT 1 FROM pg_class WHERE relname = 'x')", Schema()) is None


_CAUGHT = frozenset(["duplicate_object", "duplicate_table", "duplicate_column"])
_STATEMENTS = (
    *(f"CREATE TABLE {name} (a int)" for name in ("t", "mood", "comp", "i", "s", "v", "span", "d", "nix")),
    "CREATE TABLE IF NOT EXISTS t (a int)",
    "CREATE TABLE nix (a int, CONSTRAINT u UNIQUE (a))",
    "CREATE TABLE nix (a int, CONSTRAINT ck CHECK (a > 0))",
    *(f"CREATE TYPE {name} AS ENUM ('a')" for name in ("mood", "t", "i", "s", "comp", "span", "nix", "p")),
    *(f"CREATE TYPE {name} AS (a int)" for name in ("mood", "t", "i", "s", "comp", "nix")),
    *(f"CREATE DOMAIN {name} AS int" for name in ("mood", "t", "d", "nix")),
    *(f"ALTER TABLE t ADD COLUMN {name} int" for name in ("a", '"Name"', "name", "ctid", "nix")),
    "ALTER TABLE t ADD COLUMN IF NOT EXISTS a int",
    *(f"ALTER TABLE t ADD COLUMN nix int CONSTRAINT {name} CHECK (nix > 0)" for name in ("ck", "nix", "u")),
    *(f"ALTER TABLE t ADD COLUMN nix int CONSTRAINT {name} UNIQUE" for name in ("u", "nix", "ck", "r")),
    *(f"ALTER TABLE t ADD CONSTRAINT {name} CHECK (b > 0)" for name in ("ck", "u", "fk", "i", "nix", "t_a_not_null")),
    *(f"ALTER TABLE t ADD CONSTRAINT {name} UNIQUE (a)" for name in ("ck", "u", "fk", "i", "r", "mood", "nix")),
    *(f"ALTER TABLE t ADD CONSTRAINT {name} FOREIGN KEY (b) REFERENCES r" for name in ("ck", "u", "fk", "tg", "nix")),
    "ALTER TABLE r ADD PRIMARY KEY (id)",
    "ALTER TABLE r ADD CONSTRAINT r_pkey PRIMARY KEY (id)",
    "ALTER TABLE plain ADD CONSTRAINT u PRIMARY KEY (a)",
    *(f"CREATE INDEX {name} ON t (b)" for name in ("i", "t", "mood", "ck", "u", "nix")),
    "CREATE INDEX IF NOT EXISTS i ON t (b)",
    *(f"CREATE SEQUENCE {name}" for name in ("s", "t", "mood", "nix")),
    *(f"CREATE VIEW {name} AS SELECT 2 AS a" for name in ("v", "mood", "t", "nix")),
    *(f"CREATE TRIGGER {name} BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()" for name in ("tg", "nix")),
    *(f"CREATE POLICY {name} ON t" for name in ("pol", "nix")),
    "CREATE RULE ru AS ON INSERT TO \"Order\" DO ALSO NOTHING",
    *(f"ALTER TYPE mood ADD VALUE '{label}'" for label in ("x", "nix")),
    "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'x'",
    "ALTER TYPE mood RENAME VALUE 'nix' TO 'z'",
    "ALTER TYPE mood RENAME VALUE 'x' TO 'y'",
    "ALTER TYPE mood RENAME VALUE 'x' TO 'z'",
    "ALTER TABLE t RENAME COLUMN nix TO q",
    "ALTER TABLE t RENAME COLUMN a TO b",
    "ALTER TABLE t RENAME COLUMN a TO q",
    *(f"ALTER TABLE t RENAME TO {name}" for name in ("r", "mood", "nix")),
    "ALTER TABLE t RENAME CONSTRAINT nix TO q",
    "ALTER TABLE t RENAME CONSTRAINT ck TO u",
    "ALTER TABLE t RENAME CONSTRAINT ck TO q",
    "ALTER TABLE t DROP CONSTRAINT nix",
    "ALTER TABLE t DROP CONSTRAINT IF EXISTS nix",
    "ALTER TABLE t DROP COLUMN nix",
    "DROP TABLE nix",
    "DROP INDEX nix",
    "UPDATE plain SET nix = 1",
    "UPDATE plain SET a = nix + 1",
    "UPDATE plain SET a = b",
)  # fmt: skip
_MORE = frozenset(
    ["undefined_table", "undefined_column", "undefined_object", "invalid_parameter_value", "invalid_table_definition"]
)  # fmt: skip
_NAMED = {
    "42710": "duplicate_object", "42P07": "duplicate_table", "42701": "duplicate_column", "42P01": "undefined_table", "42703": "undefined_column",
    "42704": "undefined_object", "22023": "invalid_parameter_value", "42P16": "invalid_table_definition",
}  # fmt: skip


@pytest.mark.parametrize("sql", _STATEMENTS)
def test_an_attempt_meets_what_the_server_raises(met: tuple[Session, Schema], sql: str) -> None:
    session, schema = met
    raised = _raised(session, sql)
    (change,) = changes_of(sql)
    answers = [
        raised_by(change, schema, caught) for caught in (_CAUGHT, *(frozenset([each]) for each in _MORE))
    ]
    told = [each for each in answers if not isinstance(each, Unsure)]
    assert all(each == raised for each in told)


def test_the_usual_attempts_are_decided(met: tuple[Session, Schema]) -> None:
    _, schema = met

    def said(sql: str) -> object:
        return raised_by(changes_of(sql)[0], schema, _CAUGHT)

    assert said("CREATE TYPE mood AS ENUM ('a')") == "duplicate_object"
    assert said("CREATE TYPE nix AS ENUM ('a')") is None
    assert said("ALTER TABLE t ADD COLUMN a int") == "duplicate_column"
    assert said("ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (b) REFERENCES r") == "duplicate_object"
    assert said("ALTER TABLE t ADD CONSTRAINT nix FOREIGN KEY (b) REFERENCES r") is None
    assert said("ALTER TABLE t ADD CONSTRAINT u UNIQUE (a)") == "duplicate_table"
    assert said("CREATE INDEX nix ON t (a)") is None


def _raised(session: Session, sql: str) -> str | None:
    try:
        session.run(
            [Sql(sql), Sql("DO $$ BEGIN RAISE 'undone' USING ERRCODE = 'ZZ001'; END $$")], atomic=True
        )
    except StatementFailed as error:
        found = error.sqlstate
    else:
        raise AssertionError("the last statement always fails")
    return None if found == "ZZ001" else _NAMED[found or ""]


def _opened(body: str) -> Opened | Left:
    schema = Schema(complete=True)
    for each in ("CREATE TABLE t (a int)", "CREATE TYPE mood AS ENUM ('x')"):
        for change in changes_of(each):
            schema = schema.after(change)
    return opened(f"DO $$ BEGIN {body} END $$", schema)


_THERE, _NOT = "to_regclass('t') IS NOT NULL", "to_regclass('t') IS NULL"


@pytest.mark.parametrize(
    ("body", "runs"),
    [
        (f"IF {_THERE} THEN CREATE TABLE b (); END IF;", ["CREATE TABLE b ()"]),
        (f"IF {_NOT} THEN CREATE TABLE b (); END IF;", []),
        (f"IF {_NOT} THEN CREATE TABLE b (); ELSE CREATE TABLE c (); END IF;", ["CREATE TABLE c ()"]),
        (f"IF {_NOT} THEN NULL; ELSIF {_THERE} THEN CREATE TABLE c (); END IF;", ["CREATE TABLE c ()"]),
        (f"IF {_THERE} THEN RETURN; END IF; CREATE TABLE b ();", []),
        (f"IF {_NOT} THEN RETURN; END IF; CREATE TABLE b ();", ["CREATE TABLE b ()"]),
        (f"IF {_NOT} THEN RAISE EXCEPTION 'no'; END IF; CREATE TABLE b ();", ["CREATE TABLE b ()"]),
        (f"IF {_NOT} THEN FOR i IN 1..2 LOOP END LOOP; END IF;", None),
        ("CREATE TABLE b (); IF to_regclass('b') IS NULL THEN CREATE TABLE c (); END IF;", ["CREATE TABLE b ()"]),
        ("RAISE NOTICE 'now'; EXECUTE 'CREATE TABLE b ()';", ["CREATE TABLE b ()"]),
        ("EXECUTE format('CREATE TABLE %I ()', 'b');", None),
        ("EXECUTE 'CREATE TABLE b ()' USING 1;", None),
        (f"IF {_THERE} THEN IF {_THERE} THEN CREATE TABLE b (); END IF; END IF;", None),
        (f"IF {_THERE} THEN RAISE EXCEPTION 'no'; END IF;", None),
        ("IF EXISTS (SELECT 1 FROM t) THEN CREATE TABLE b (); END IF;", None),
        ("PERFORM f();", None),
        ("SELECT 1;", None),
        ("INSERT INTO t VALUES (1) RETURNING a;", None),
        ("UPDATE t SET a = 1 WHERE FOUND;", None),
        ("COMMIT;", None),
        ("CREATE INDEX CONCURRENTLY i ON t (a);", None),
        ("SET search_path = other;", None),
        ("BEGIN CREATE TYPE mood AS ENUM ('a'); EXCEPTION WHEN duplicate_object THEN NULL; END;", []),
        ("BEGIN CREATE TYPE m AS ENUM ('a'); EXCEPTION WHEN SQLSTATE '42710' THEN NULL; END;", ["CREATE TYPE m AS ENUM ('a')"]),
        ("CREATE TABLE b (); CREATE TABLE t (); EXCEPTION WHEN duplicate_table THEN RAISE NOTICE 'there: %', SQLERRM;", []),
        ("BEGIN CREATE TABLE t (); EXCEPTION WHEN duplicate_table THEN NULL; END; CREATE TABLE b ();", ["CREATE TABLE b ()"]),
        ("CREATE TABLE b (); EXCEPTION WHEN duplicate_table THEN DROP TABLE b;", None),
        ("CREATE TABLE b (); EXCEPTION WHEN OTHERS THEN NULL;", None),
        ("CREATE TABLE t (); EXCEPTION WHEN duplicate_column THEN NULL;", None),
        ("INSERT INTO t VALUES (1); EXCEPTION WHEN duplicate_object THEN NULL;", None),
    ],
)  # fmt: skip
def test_a_block_comes_to_the_statements_that_run(body: str, runs: list[str] | None) -> None:
    made = _opened(body)
    assert (list(made.statements) if isinstance(made, Opened) else None) == runs


def test_a_block_with_variables_or_another_language_is_left_whole() -> None:
    for sql in (
        "DO $$ BEGIN NULL; END $$; DROP TABLE t",
        "DO $$ BEGIN NULL; END $$; DO $$ BEGIN NULL; END $$",
        "DO $$ DECLARE a int; BEGIN CREATE TABLE b (); END $$",
        "DO LANGUAGE plperl $$ die $$",
        "DO $$ BEGIN IF $$",
    ):
        assert isinstance(opened(sql, Schema(complete=True)), Left)


def test_what_is_to_go_or_to_come_is_asked_of_nobody() -> None:
    schema = Schema(complete=True)
    block = "DO $$ BEGIN IF to_regclass('public.\"Old\"') IS NULL THEN CREATE TABLE b (); END IF; END $$"
    assert isinstance(opened(block, schema), Opened)
    assert isinstance(opened(block, schema, ["Old"]), Left)
    attempt = "DO $$ BEGIN CREATE TABLE b (); EXCEPTION WHEN duplicate_table THEN NULL; END $$"
    assert isinstance(opened(attempt, schema, ["b"]), Left)
