"""A password in a statement is shown to nobody, in whatever format the statement is shown."""

import html
import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import url_of
from tests.support.listening import Remembering

import midair
from midair.database import Session
from midair.model.address import Address
from midair.model.concealed import concealed, title_of

_SECRET = "hunter2"


@pytest.mark.parametrize(
    "sql",
    [
        f"CREATE ROLE joe LOGIN PASSWORD '{_SECRET}' VALID UNTIL '2030-01-01'",
        f"alter user joe with encrypted password E'{_SECRET}'",
        f"CREATE ROLE joe PASSWORD\n  '{_SECRET}'",
        f"CREATE ROLE joe PASSWORD $x${_SECRET}$x$",
        f"CREATE USER MAPPING FOR joe SERVER far OPTIONS (user 'joe', password '{_SECRET}')",
        f"CREATE SUBSCRIPTION s CONNECTION 'host=far password={_SECRET} dbname=x' PUBLICATION p",
    ],
)
def test_a_password_is_not_shown_as_text_json_or_html(sql: str) -> None:
    for shown in (
        sql,
        json.dumps(sql),
        html.escape(sql),
        json.dumps(sql).replace("'", "\\u0027"),
        title_of(sql),
    ):
        assert _SECRET not in concealed(shown)
    assert "joe" in concealed(sql) or "far" in concealed(sql)


def test_one_that_a_title_cuts_off_is_not_shown_either() -> None:
    sql = f"CREATE ROLE {'j' * 170} LOGIN PASSWORD '{_SECRET}{'x' * 40}'"
    assert _SECRET not in title_of(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE users ADD COLUMN password text DEFAULT 'none'",
        "UPDATE users SET password = 'x' WHERE password IS NULL",
        "COMMENT ON COLUMN users.password IS 'a hash'",
        "CREATE ROLE joe PASSWORD NULL",
    ],
)
def test_what_only_speaks_of_passwords_stays_as_it_is(sql: str) -> None:
    assert concealed(sql) == sql


def test_no_command_and_no_table_of_the_journal_shows_it(
    tmp_path: Path, database: Address, session: Session
) -> None:
    role = f"joe_{database.database}"
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "1_role.up.sql").write_text(
        f"CREATE ROLE {role} PASSWORD '{_SECRET}';\nCREATE ROLE {role} PASSWORD '{_SECRET}';\n"
    )
    (tmp_path / "migrations" / "1_role.down.sql").write_text(f"DROP ROLE {role};\n")
    outputs = [_said(tmp_path, database, *words) for words in _COMMANDS]
    assert any("PASSWORD ***" in each for each in outputs)
    # The server refuses the second statement: that is an error with a place, and still no word of the secret.
    assert any("already exists" in each for each in outputs)
    up = tmp_path / "migrations" / "1_role.up.sql"
    up.write_text(up.read_text().splitlines()[0])
    midair.apply(midair.Request(tmp_path, url=url_of(database), strategy="online"), Remembering())
    assert not [each for each in (*outputs, _journal(session)) if _SECRET in each]
    midair.rollback(midair.Request(tmp_path, url=url_of(database)), Remembering())


_COMMANDS = (
    ("check",), ("plan",), ("plan", "--sql"), ("plan", "-f", "json"), ("plan", "--document"), ("plan", "--document", "-f", "html"),
    ("apply", "--strategy", "online"), ("apply", "-f", "jsonl"),
)  # fmt: skip


def _said(root: Path, database: Address, *words: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", "midair", "-C", str(root), *words, "--url", url_of(database).reveal()],
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.stdout + ran.stderr


def _journal(session: Session) -> str:
    tables = session.query(
        "SELECT relname FROM pg_class WHERE relnamespace = 'midair'::regnamespace AND relkind = 'r'"
    )
    return "\n".join(str(session.query(f"SELECT * FROM midair.{name}")) for (name,) in tables)
