"""A sample of the target's rows: bounded, whole by its foreign keys, masked where asked, and read by a role that cannot write."""

from collections.abc import Generator
from pathlib import Path

import pytest

import midair
from midair.database import Guard, Session, open_session
from midair.errors import BadSetting
from midair.model.address import Secret
from midair.model.statement import Sql
from midair.rehearsal.sample import sample
from midair.rehearsal.server import Server
from midair.rehearsal.statistics import restore, statistics
from tests.conftest import url_of
from tests.rehearsal.test_rehearse_command import command
from tests.support.listening import Remembering

_SHOP = """
CREATE TYPE state AS ENUM ('new', 'paid');
CREATE TABLE customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE, born date, "Score" int2,
    referrer bigint REFERENCES customers, doubled int GENERATED ALWAYS AS ("Score" * 2) STORED
);
CREATE TABLE orders (
    id serial, day date, customer bigint NOT NULL REFERENCES customers, email text REFERENCES customers (email),
    state state NOT NULL DEFAULT 'new', PRIMARY KEY (id, day)
) PARTITION BY RANGE (day);
CREATE TABLE orders_2024 PARTITION OF orders FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE orders_2025 PARTITION OF orders FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
"""
_ROWS = """
INSERT INTO customers (email, born, "Score", referrer)
    SELECT 'person' || g || '@example.org', date '1980-01-01' + g, g, CASE WHEN g > 10 THEN g - 10 END FROM generate_series(1, 500) g;
INSERT INTO orders (day, customer, email, state)
    SELECT date '2024-12-01' + g % 60, 501 - g, 'person' || (501 - g) || '@example.org', 'paid' FROM generate_series(1, 400) g;
ANALYZE;
"""


_ALL = "SELECT md5(string_agg(c::text, '|' ORDER BY id)), (SELECT md5(string_agg(o::text, '|' ORDER BY id)) FROM orders o) FROM customers c"


@pytest.fixture
def copy(server: Server, session: Session) -> Generator[Session]:
    """An empty database with the shop's schema, beside the full one."""
    session.run([Sql(_SHOP), Sql(_ROWS)], atomic=False)
    opened = open_session(server.create(f"{session.address.database}_copy"), Guard(), "midair tests")
    opened.run([Sql(_SHOP)], atomic=False)
    yield opened
    opened.close()


def test_every_row_that_a_sampled_row_points_to_is_there_and_no_table_is_read_whole(
    session: Session, copy: Session
) -> None:
    found = sample(session, copy, 5, (), ())
    assert found.refused == ()
    assert dict(found.rows)["orders"] == 5
    assert 5 < dict(found.rows)["customers"] <= 5 + 55 * 5
    for column in ("customer", "id"):
        keys = "customer = c.id" if column == "customer" else "o.email = c.email"
        assert copy.query(
            f"SELECT count(*) FROM orders o LEFT JOIN customers c ON {keys} WHERE c.id IS NULL"
        ) == [(0,)]
    lost = "SELECT count(*) FROM customers a LEFT JOIN customers b ON b.id = a.referrer WHERE a.referrer IS NOT NULL AND b.id IS NULL"
    assert copy.query(lost) == [(0,)]
    assert copy.query('SELECT count(*) FROM customers WHERE doubled <> "Score" * 2') == [(0,)]
    assert copy.query("SELECT nextval('orders_id_seq')") == [(401,)]


def test_masked_values_never_arrive_and_keys_still_meet(session: Session, copy: Session) -> None:
    sample(session, copy, 5, ("customers.email", 'customers."Score"', "customers.born"), ())
    assert copy.query("SELECT count(*) FROM customers WHERE email LIKE '%@%'") == [(0,)]
    assert copy.query("SELECT count(*) FROM orders WHERE email LIKE '%@%'") == [(0,)]
    assert copy.query("SELECT count(*) FROM orders o JOIN customers c USING (email)") == [(5,)]
    assert copy.query("SELECT count(*) > 0 FROM customers WHERE born IS NOT NULL") == [(True,)]


def test_a_mask_that_names_no_column_is_refused(session: Session, copy: Session) -> None:
    with pytest.raises(BadSetting, match=r"customers\.mail"):
        sample(session, copy, 5, ("customers.mail",), ())
    with pytest.raises(BadSetting, match="cannot be masked"):
        sample(session, copy, 5, ("orders.state",), ())


def test_the_targets_statistics_arrive_without_its_values_unless_they_are_asked_for(
    server: Server, session: Session, copy: Session
) -> None:
    program = server.bin / "pg_dump"
    restore(copy, statistics(program, session.address, whole=False))
    sizes = "SELECT reltuples, relpages FROM pg_class WHERE relname = 'customers'"
    assert copy.query(sizes) == session.query(sizes)
    values = "SELECT count(*) FROM pg_stats WHERE tablename = 'customers'"
    assert copy.query(values) == [(0,)]
    restore(copy, statistics(program, session.address, whole=True))
    assert copy.query(values) == session.query(values)


def test_a_rehearsal_with_the_targets_rows_needs_a_role_that_can_only_read(
    tmp_path: Path, server: Server, session: Session
) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "1_shop.up.sql").write_text(_SHOP)
    (folder / "2_shorter.up.sql").write_text("ALTER TABLE customers ALTER email TYPE varchar(20);")
    (folder / "2_shorter.down.sql").write_text("ALTER TABLE customers ALTER email TYPE text;")
    own = midair.Request(
        tmp_path, url=url_of(session.address), scratch_url=url_of(server.admin), strategy="direct"
    )
    midair.apply(own, Remembering(), "1")
    reader = f"reader_{session.address.database}"
    session.run(
        [
            Sql(_ROWS),
            Sql("INSERT INTO customers (email) VALUES ('a.rather.long.address@example.org')"),
            Sql(f"CREATE ROLE {reader} LOGIN"),
            Sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}"),
            Sql(f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {reader}"),
            Sql(f"GRANT USAGE ON SCHEMA midair TO {reader}"),
            Sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA midair TO {reader}"),
        ],
        atomic=False,
    )
    before = session.query(_ALL)
    url = Secret(
        url_of(session.address)
        .reveal()
        .replace("postgres@", f"{reader}@")
        .replace("user=postgres", f"user={reader}")
    )
    assert reader in url.reveal()
    request = midair.Request(tmp_path, url=url, scratch_url=url_of(server.admin), strategy="direct")
    try:
        found = midair.rehearse(request, midair.Trial(sample=600))
    finally:
        session.run([Sql(f"DROP OWNED BY {reader}"), Sql(f"DROP ROLE {reader}")], atomic=False)
    assert {each.code for each in found.findings} == {"MA907"}, [str(each) for each in found.findings]
    assert any("are the target's own" in each for each in found.notes)
    assert session.query(_ALL) == before


def test_masks_in_the_settings_file_keep_values_from_leaving_whatever_the_flags_say(
    tmp_path: Path, session: Session
) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "1_people.up.sql").write_text(
        "CREATE TABLE people (id int PRIMARY KEY, email text, city text);"
    )
    (folder / "2_city.up.sql").write_text("ALTER TABLE people ALTER city TYPE boolean USING city::boolean;")
    (folder / "3_mail.up.sql").write_text("ALTER TABLE people ALTER email TYPE boolean USING email::boolean;")
    toml = tmp_path / "midair.toml"
    toml.write_text('strategy = "direct"\n[rehearse]\nmask = ["people.email"]\n')
    url = url_of(session.address).reveal()
    assert command("apply", "1", "-q", "--url", url, cwd=tmp_path).returncode == 0
    session.run([Sql("INSERT INTO people VALUES (1, 'secret@example.org', 'Paris')")], atomic=True)

    words = ("rehearse", "-q", "--each", "--sample", "5", "--url", url)
    ran = command(*words, "--mask", "people.id", cwd=tmp_path)
    assert ran.returncode == 1, ran.stderr  # the server quotes the value that it cannot turn into a boolean
    assert '"Paris"' in ran.stdout
    assert "secret@example.org" not in ran.stdout + ran.stderr
    assert "people.email, people.id masked" in ran.stdout

    toml.write_text('[rehearse]\nmask = ["people.mail"]\n')
    wrong = command(*words, cwd=tmp_path)
    assert wrong.returncode == 2
    assert "people.mail" in wrong.stderr
    assert "midair.toml" in wrong.stderr
    toml.write_text('[rehearse]\nmask = ["mail"]\n')
    assert "midair.toml:2" in command("config", "check", cwd=tmp_path).stdout
    toml.write_text('[rehearse]\nmask = ["people.email"]\n')
    assert "rehearse.mask" in command("config", "show", cwd=tmp_path).stdout
