"""A statement in batches does what the plain statement does, over tables of every kind; what is not row-local runs as written."""

from dataclasses import replace

import pytest
from tests.support.backfills import SMALL, Heard, cut, fly_backfill, refused, run_all

from midair.database import Guard, Session, open_session
from midair.model.address import Address
from midair.model.event import StepDone

KEYS = [
    ("smallint", "i::smallint"),
    ("integer", "i - 1000"),
    ("bigint", "i * 10000000000"),
    ("numeric", "i / 7.0"),
    ("text", "'é''\"\\ ' || chr(64 + i % 26) || i"),
    ("varchar(20)", "'v' || i"),
    ("char(8)", "'c' || i"),
    ("uuid", "md5(i::text)::uuid"),
    ("date", "date '2020-01-01' + i"),
    ("timestamp", "timestamp '2020-01-01' + i * interval '17.000001 s'"),
    ("timestamptz", "timestamptz '2020-01-01 00:00+02' + i * interval '17.000001 s'"),
    ("time", "time '00:00' + i * interval '7 s'"),
    ("bytea", "sha256(i::text::bytea)"),
    ("boolean, j integer", "i % 2 = 0, i"),
    ("inet", "'10.0.0.0'::inet + i"),
    ("mood", "(array['sad','ok','happy'])[1 + i % 3]::mood, j integer"),
    ("integer[]", "array[i, -i]"),
    ("integer, j text", "i / 100, 'x' || i"),
    ("text, j uuid, l timestamptz", "'t' || i % 7, md5(i::text)::uuid, now() + i * interval '1 s'"),
]


@pytest.mark.parametrize(("kind", "value"), KEYS, ids=[kind for kind, _ in KEYS])
def test_a_table_is_walked_by_a_key_of_any_type(
    database: Address, session: Session, kind: str, value: str
) -> None:
    run_all(session, "CREATE TYPE mood AS ENUM ('happy', 'sad', 'ok')")
    kind, value = (
        (f"{kind}, j integer", value.replace(", j integer", ", i")) if kind == "mood" else (kind, value)
    )
    names = ", ".join(each.split()[0] for each in f"k {kind}".split(", "))
    run_all(
        session,
        f"CREATE TABLE t (k {kind}, old int, new int, PRIMARY KEY ({names}))",
        f"INSERT INTO t SELECT {value}, i, NULL FROM generate_series(1, 1500) i",
        "SET datestyle = 'German'",
    )
    fly_backfill(database, cut(session, "UPDATE t SET new = old * 2 WHERE old % 5 <> 0"), pace=SMALL)
    wrong = session.query(
        "SELECT count(*) FROM t WHERE new IS DISTINCT FROM CASE WHEN old % 5 <> 0 THEN old * 2 END"
    )
    assert wrong == [(0,)]


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize(
    ("sql", "wrong"),
    [
        ("UPDATE t SET new = old * 2", "new IS DISTINCT FROM old * 2"),
        ("UPDATE t x SET (new, note) = (x.old, 'y' || x.old) WHERE new IS NULL", "new IS DISTINCT FROM old"),
        ("DELETE FROM t WHERE old % 2 = 0", "old % 2 = 0"),
    ],
)
def test_a_table_without_a_key_is_walked_by_its_pages(
    database: Address, session: Session, sql: str, wrong: str, workers: int
) -> None:
    run_all(
        session,
        "CREATE TABLE t (old int, new int, note text)",
        "INSERT INTO t SELECT i, NULL, repeat('x', 200) FROM generate_series(1, 3000) i",
    )
    backfill = cut(session, sql)
    assert backfill.walks_by == "physical pages"
    fly_backfill(database, backfill, pace=replace(SMALL, workers=workers))
    assert session.query(f"SELECT count(*) FROM t WHERE {wrong}") == [(0,)]
    assert session.query("SELECT count(*) FROM t")[0][0] == (1500 if "DELETE" in sql else 3000)


@pytest.mark.parametrize("key", ["id bigserial PRIMARY KEY,", ""])
def test_an_empty_table_is_done_at_once(database: Address, session: Session, key: str) -> None:
    run_all(session, f"CREATE TABLE t ({key} a int, b int)")
    heard = Heard()
    fly_backfill(database, cut(session, "UPDATE t SET a = b"), reporter=heard)
    assert any(isinstance(each, StepDone) for each in heard.events)


def test_every_partition_is_walked_by_itself(database: Address, session: Session) -> None:
    run_all(
        session,
        "CREATE TABLE t (id int, at date, a int, b int, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)",
        "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
        "CREATE TABLE t2 PARTITION OF t DEFAULT PARTITION BY LIST (id)",
        "CREATE TABLE t2a PARTITION OF t2 DEFAULT",
        "INSERT INTO t SELECT i, date '2020-06-01' + i, NULL, i FROM generate_series(1, 2000) i",
    )
    backfill = cut(session, "UPDATE t SET a = b WHERE a IS NULL")
    assert [part.table for part in backfill.parts] == ["public.t1", "public.t2a"]
    fly_backfill(database, backfill, pace=replace(SMALL, workers=2))
    assert session.query("SELECT count(*) FROM t WHERE a IS DISTINCT FROM b") == [(0,)]


def test_all_rows_get_the_one_moment_at_which_the_backfill_began(database: Address, session: Session) -> None:
    run_all(
        session,
        "CREATE TABLE t (id serial PRIMARY KEY, at timestamptz, day date)",
        "INSERT INTO t SELECT FROM generate_series(1, 3000)",
    )
    fly_backfill(database, cut(session, "UPDATE t SET at = now(), day = CURRENT_DATE"), pace=SMALL)
    assert session.query(
        "SELECT count(DISTINCT at), count(DISTINCT day), count(*) FROM t WHERE at < now()"
    ) == [(1, 1, 3000)]


def test_insert_select_copies_every_row_once(database: Address, session: Session) -> None:
    run_all(
        session,
        "CREATE TABLE t (id serial PRIMARY KEY, a int)",
        "CREATE TABLE copy (nr serial, id int, a int)",
        "INSERT INTO t (a) SELECT i FROM generate_series(1, 3000) i",
    )
    backfill = cut(session, "INSERT INTO copy (id, a) SELECT t.id, a + 1 FROM t WHERE a % 3 <> 0")
    assert backfill.once
    fly_backfill(database, backfill, pace=replace(SMALL, workers=2))
    assert session.query("SELECT count(*), count(DISTINCT id), sum(a - id) FROM copy") == [(2000, 2000, 2000)]


def test_a_joined_update_takes_each_rows_only_match(database: Address, session: Session) -> None:
    run_all(
        session,
        "CREATE TABLE t (id serial PRIMARY KEY, ref int, a int)",
        "CREATE TABLE other (id int PRIMARY KEY, v int)",
        "INSERT INTO t (ref) SELECT i % 50 FROM generate_series(1, 2000) i",
        "INSERT INTO other SELECT i, i * 10 FROM generate_series(0, 40) i",
    )
    fly_backfill(database, cut(session, "UPDATE t SET a = o.v FROM other o WHERE o.id = t.ref"), pace=SMALL)
    wrong = "SELECT count(*) FROM t WHERE a IS DISTINCT FROM CASE WHEN ref <= 40 THEN ref * 10 END"
    assert session.query(wrong) == [(0,)]


REFUSED = [
    ("UPDATE t SET n = (SELECT max(n) FROM t)", "reads t itself"),
    ("UPDATE t SET n = currval('t_id_seq')", "currval"),
    ("UPDATE k SET n = nextval('t_id_seq')", "done twice would be wrong"),
    ("UPDATE t SET n = 1 WHERE n < nextval('t_id_seq')", "another answer each time"),
    ("UPDATE t SET id = id + 1", "by which the rows are found"),
    ("UPDATE t SET u = n", "must stay unique"),
    ("UPDATE k SET n = n + 1", "done twice would be wrong"),
    ("UPDATE t SET n = random()::int WHERE random() < 0.5 AND n IS NULL", "another answer each time"),
    ("UPDATE t SET note = (SELECT gen_random_uuid()::text)", "another answer each time"),
    ("UPDATE t SET n = o.n FROM k o WHERE o.n = t.n", "may match several"),
    ("UPDATE t SET n = 1 WHERE id = 4", "by their key"),
    ("UPDATE t SET n = 1 WHERE id BETWEEN 1 AND 100", "a batch already"),
    ("UPDATE t SET n = mine(n)", "not declared IMMUTABLE"),
    ("UPDATE t SET n = 1 WHERE ctid = '(0,1)'", "ctid"),
    ("UPDATE t SET n = DEFAULT", "default"),
    ("UPDATE t SET n = 1 RETURNING id", "RETURNING"),
    ("UPDATE v SET n = 1", "view"),
    ("UPDATE nothing SET n = 1", "nothing is known"),
    ("UPDATE fired SET n = 1", "once a statement"),
    ("UPDATE ruled SET n = 1", "rule"),
    ("UPDATE t SET n = 1 WHERE n IN (SELECT n FROM k ORDER BY n LIMIT 5)", "LIMIT"),
    ("WITH x AS (SELECT 1) UPDATE t SET n = 1", "WITH"),
    ("DELETE FROM tree WHERE n > 1", "refer to each other"),
    ("DELETE FROM t WHERE (SELECT count(*) FROM child WHERE child.t_id = t.n) > 1", "CASCADE"),
    ("INSERT INTO k (id, n) SELECT n, count(*) FROM t GROUP BY n", "grouped"),
    ("INSERT INTO t (n) SELECT n FROM t", "reads t itself"),
    ("INSERT INTO k (id, n) SELECT n, id FROM t ON CONFLICT (id) DO NOTHING", "conflict with each other"),
    ("INSERT INTO k (id, n) VALUES (1, 2)", "one table"),
    ("INSERT INTO k (id, n) SELECT id, row_number() OVER () FROM t", "window"),
    ("UPDATE t SET n = (SELECT sum(k.n) OVER () FROM k)", "window"),
    ("UPDATE t SET note = (SELECT string_agg(k.n::text, ',') FROM k)", "order of reading"),
    ("UPDATE nokey SET n = n + 1", "done twice would be wrong"),
    ("UPDATE t SET note = 'now'::timestamptz::text", "moment"),
    ("UPDATE t SET note = pg_relation_size('t')::text", "more than the row"),
    ("TRUNCATE t", "only UPDATE"),
]


@pytest.fixture(scope="module")
def mixed(server) -> Session:
    """Tables of all the kinds that the refusals name."""
    session = open_session(server.create("refusals"), Guard(), "midair tests")
    run_all(
        session,
        "CREATE TABLE t (id serial PRIMARY KEY, n int, u int UNIQUE, note text)",
        "CREATE TABLE k (id int PRIMARY KEY, n int)",
        "CREATE TABLE nokey (n int)",
        "CREATE TABLE tree (id serial PRIMARY KEY, n int, parent int REFERENCES tree)",
        "CREATE TABLE child (id serial PRIMARY KEY, t_id int REFERENCES t ON DELETE CASCADE)",
        "CREATE VIEW v AS SELECT * FROM t",
        "CREATE FUNCTION mine(int) RETURNS int LANGUAGE sql STABLE AS 'SELECT max(n) FROM t'",
        "CREATE TABLE fired (id serial PRIMARY KEY, n int)",
        "CREATE FUNCTION nop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TRIGGER fires AFTER UPDATE ON fired EXECUTE FUNCTION nop()",
        "CREATE TABLE ruled (id serial PRIMARY KEY, n int)",
        "CREATE RULE r AS ON UPDATE TO ruled DO ALSO NOTHING",
    )
    yield session
    session.close()


@pytest.mark.parametrize(("sql", "reason"), REFUSED, ids=[sql for sql, _ in REFUSED])
def test_what_is_not_row_local_runs_as_written_with_its_reason(mixed: Session, sql: str, reason: str) -> None:
    assert reason in refused(mixed, sql)


@pytest.mark.parametrize(
    ("default", "walks_by"),
    [
        ("gen_random_uuid()::text", "id"),
        ("nextval('numbers')::text", "id"),
        ("nullif(random()::text, '')", None),
        ("'x'", "id"),
        ("now()::text", "id"),
    ],
)
def test_a_column_is_filled_with_its_default_where_that_gives_a_value(
    database: Address, session: Session, default: str, walks_by: str | None
) -> None:
    run_all(
        session,
        "CREATE SEQUENCE numbers",
        f"CREATE TABLE t (id text PRIMARY KEY, a text DEFAULT {default})",
        "INSERT INTO t SELECT 'k' || i, NULL FROM generate_series(1, 300) i",
    )
    sql = "UPDATE t SET a = DEFAULT WHERE a IS NULL"
    if walks_by is None:
        assert "default" in refused(session, sql)
        return
    fly_backfill(database, cut(session, sql), pace=replace(SMALL, first_rows=50))
    assert session.query("SELECT count(*) FROM t WHERE a IS NULL") == [(0,)]
