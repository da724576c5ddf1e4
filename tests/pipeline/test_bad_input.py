"""Bad input gets a clear error that names the place, changes nothing and loses nothing."""

import os
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest
from tests.conftest import url_of
from tests.support.listening import Remembering
from tests.support.state import dump

import midair
from midair.database import Guard, open_session
from midair.errors import (
    BadMigration,
    DuplicateRevision,
    ForeignHistory,
    HistoryDiverged,
    LoginRefused,
    MidairError,
    MigrationFailed,
    NothingHere,
    ReadOnly,
    Refused,
    Unreachable,
    UnreadableFile,
)
from midair.model.address import Address, Secret
from midair.model.statement import Sql
from midair.rehearsal.account import account
from midair.rehearsal.server import Server, throwaway_server

GOOD = {"1_first.up.sql": "CREATE TABLE first (id int PRIMARY KEY);", "1_first.down.sql": "DROP TABLE first;"}


def project(root: Path, files: dict[str, str | bytes]) -> Path:
    folder = root / "migrations"
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def apply(root: Path, address: Address) -> int:
    return midair.apply(midair.Request(root, url=url_of(address), lock_budget_s=1), Remembering()).revisions


REFUSED_FILES = {
    "duplicate version": ({"001_other.up.sql": "SELECT 1;"}, DuplicateRevision, 2, "001_other.up.sql"),
    "unknown encoding": ({"2_b.up.sql": "SELECT 'é';".encode("latin-1")}, UnreadableFile, 2, "2_b.up.sql"),
    "nul bytes": ({"2_b.up.sql": b"SELECT 1;\n\0SELECT 2;"}, UnreadableFile, 2, "2_b.up.sql"),
    "utf-16": ({"2_b.up.sql": "SELECT 1;".encode("utf-16")}, UnreadableFile, 2, "2_b.up.sql"),
    "unterminated quote": ({"2_b.up.sql": "SELECT 1;\nSELECT 'abc;"}, BadMigration, 2, "2_b.up.sql:2"),
    "unterminated dollar quote": ({"2_b.up.sql": "DO $$ BEGIN NULL;"}, BadMigration, 2, "2_b.up.sql:1"),
    "psql meta-command": ({"2_b.up.sql": "SELECT 1;\n\\connect other"}, BadMigration, 2, "2_b.up.sql:2"),
    "concurrent index beside another": (
        {"2_b.up.sql": "SELECT 1;\nCREATE INDEX CONCURRENTLY i ON first (id);"},
        BadMigration,
        2,
        "2_b.up.sql:2",
    ),
}


@pytest.mark.parametrize(("files", "kind", "code", "place"), REFUSED_FILES.values(), ids=REFUSED_FILES.keys())
def test_a_file_that_cannot_be_run_is_refused_before_anything_runs(
    tmp_path: Path,
    server: Server,
    database: Address,
    files: dict[str, str | bytes],
    kind: type[MidairError],
    code: int,
    place: str,
) -> None:
    before = dump(server.bin, database)
    with pytest.raises(kind) as caught:
        apply(project(tmp_path, GOOD | files), database)
    assert caught.value.exit_code == code
    assert place in caught.value.message
    assert dump(server.bin, database) == before


def test_copy_from_stdin_in_a_file_is_run(tmp_path: Path, server: Server, database: Address) -> None:
    copy = "CREATE TABLE t (a int, b text);\nCOPY t FROM stdin;\n1\tit's; \\N\n2\t\\N\n\\.\nSELECT 1;\n"
    assert apply(project(tmp_path, {"1_copy.up.sql": copy}), database) == 1
    assert "INSERT INTO public.t VALUES (2, NULL);" in dump(server.bin, database)


def test_a_failing_statement_is_named_with_its_line_and_leaves_nothing(
    tmp_path: Path, server: Server, database: Address
) -> None:
    root = project(
        tmp_path,
        GOOD | {"2_b.up.sql": "CREATE TABLE second (id int);\n\nALTER TABLE missing ADD COLUMN x int;\n"},
    )
    with pytest.raises(MigrationFailed) as caught:
        apply(root, database)
    assert caught.value.exit_code == 5
    assert "migrations/2_b.up.sql:3" in caught.value.message
    assert 'relation "missing" does not exist' in caught.value.message
    assert "rolled back" in (caught.value.state or "")
    after = dump(server.bin, database)
    assert "TABLE public.first" in after
    assert "public.second" not in after
    project(tmp_path, {"2_b.up.sql": "CREATE TABLE second (id int);"})
    assert apply(root, database) == 1


def test_an_edited_applied_file_is_refused_until_it_is_accepted(tmp_path: Path, database: Address) -> None:
    root = project(tmp_path, GOOD)
    apply(root, database)
    project(
        tmp_path, {"1_first.up.sql": "CREATE TABLE first (id bigint PRIMARY KEY);", "2_b.up.sql": "SELECT 1;"}
    )
    with pytest.raises(HistoryDiverged) as caught:
        apply(root, database)
    assert caught.value.exit_code == 3
    assert "1_first.up.sql was edited after it was applied" in caught.value.message
    request = midair.Request(root, url=url_of(database))
    assert midair.repair(request, Remembering()) == ("accepted migrations/1_first.up.sql as it is now",)
    assert apply(root, database) == 1


def test_a_late_lower_file_is_refused_and_not_skipped(tmp_path: Path, database: Address) -> None:
    root = project(tmp_path, GOOD | {"5_five.up.sql": "SELECT 5;"})
    apply(root, database)
    project(tmp_path, {"3_late.up.sql": "SELECT 3;"})
    with pytest.raises(HistoryDiverged) as caught:
        apply(root, database)
    assert "3_late.up.sql" in caught.value.message


def test_a_wrongly_named_file_is_told_of(tmp_path: Path) -> None:
    root = project(tmp_path, GOOD | {"2_b.sql": "SELECT 1;", "x3_c.up.sql": "SELECT 1;"})
    _, found = midair.open_project(midair.Request(root))
    assert any("2_b.sql" in warning for warning in found.warnings)
    assert any("x3_c.up.sql" in warning for warning in found.warnings)


@pytest.mark.parametrize("root", ["/no/such/folder", "."])
def test_a_folder_without_migrations_says_so(tmp_path: Path, database: Address, root: str) -> None:
    with pytest.raises(NothingHere) as caught:
        apply(tmp_path / root, database)
    assert caught.value.exit_code == 2


def test_a_table_of_another_tool_under_the_same_name_is_left_alone(
    tmp_path: Path, server: Server, database: Address, session
) -> None:
    session.run([Sql("CREATE TABLE schema_migrations (version varchar PRIMARY KEY)")], atomic=True)
    before = dump(server.bin, database)
    with pytest.raises(ForeignHistory) as caught:
        apply(project(tmp_path, GOOD), database)
    assert caught.value.exit_code == 3
    assert dump(server.bin, database) == before


def test_a_big_file_runs_in_linear_memory_and_is_whole(tmp_path: Path, database: Address, session) -> None:
    row = "INSERT INTO big VALUES ('" + "x" * 950_000 + "; it''s');\n"
    with (project(tmp_path, GOOD) / "migrations" / "2_big.up.sql").open("w") as file:
        file.write("CREATE TABLE big (t text);\n")
        for _ in range(200):
            file.write(row)
    assert apply(tmp_path, database) == 2
    assert session.query("SELECT count(*), min(length(t)), max(length(t)) FROM big") == [
        (200, 950_006, 950_006)
    ]


@pytest.fixture(scope="module")
def strict() -> Generator[Server]:
    """A server that asks everyone but its superuser for a password."""
    rules = account().base / f"hba-{os.getpid()}.conf"
    rules.write_text("local all postgres trust\nlocal all all scram-sha-256\n")
    rules.chmod(0o644)
    with throwaway_server(settings=(f"hba_file={rules}",)) as running:
        admin = open_session(running.admin, Guard(), "midair tests")
        admin.run(
            [
                Sql("CREATE ROLE app LOGIN PASSWORD 'hunter2'"),
                Sql("CREATE ROLE reader LOGIN PASSWORD 'hunter2'"),
            ],
            atomic=True,
        )
        admin.run(
            [Sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC"), Sql("GRANT ALL ON SCHEMA public TO app")],
            atomic=True,
        )
        admin.close()
        yield running
    rules.unlink()


def request_as(
    root: Path, server: Server, user: str, password: str, name: str = "postgres"
) -> midair.Request:
    url = f"postgresql://{user}:{password}@/{name}?host={server.admin.host}"
    return midair.Request(root, url=Secret(url))


def said(error: MidairError) -> str:
    return f"{error.message} {error.hint} {error.state} {error.__cause__} {error.__context__}"


@pytest.mark.parametrize(
    ("user", "password", "name", "words"),
    [
        ("app", "hunter3", "postgres", "refused user app"),
        ("app", "hunter2", "nothing", "refused user app for database nothing"),
        ("ghost", "hunter2", "postgres", "refused user ghost"),
    ],
    ids=["wrong password", "missing database", "missing role"],
)
def test_a_refused_login_is_final_and_keeps_the_secret(
    tmp_path: Path, strict: Server, user: str, password: str, name: str, words: str
) -> None:
    with pytest.raises(LoginRefused) as caught:
        midair.apply(request_as(project(tmp_path, GOOD), strict, user, password, name), Remembering())
    assert caught.value.exit_code == 2
    assert words in caught.value.message
    assert password not in said(caught.value)


def test_a_role_that_may_not_write_is_told_so(tmp_path: Path, strict: Server) -> None:
    with pytest.raises((ReadOnly, Refused, MigrationFailed)) as caught:
        midair.apply(request_as(project(tmp_path, GOOD), strict, "reader", "hunter2"), Remembering())
    assert "permission denied" in caught.value.message
    assert "hunter2" not in said(caught.value)


def test_an_unreachable_server_is_worth_another_try(tmp_path: Path) -> None:
    request = midair.Request(project(tmp_path, GOOD), url=Secret("postgresql://app:hunter2@127.0.0.1:1/shop"))
    with pytest.raises(Unreachable) as caught:
        midair.apply(request, Remembering())
    assert caught.value.exit_code == 4
    assert "hunter2" not in said(caught.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_leaves_what_was_there_and_room_lets_it_go_on(tmp_path: Path) -> None:
    disk = account().base / f"disk-{os.getpid()}"
    disk.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size=14m,uid={disk.parent.stat().st_uid},mode=700", "tmpfs", disk],
        check=True,
    )
    try:
        with throwaway_server() as own:
            admin = open_session(own.admin, Guard(), "midair tests")
            admin.run([Sql(f"CREATE TABLESPACE small LOCATION '{disk}'")], atomic=False)
            admin.run([Sql("CREATE DATABASE tight TABLESPACE small STRATEGY file_copy")], atomic=False)
            admin.close()
            fill = "CREATE TABLE filled AS SELECT repeat(md5(i::text), 20) AS t FROM generate_series(1, 40000) AS i;"
            root = project(tmp_path, GOOD | {"2_fill.up.sql": fill})
            with pytest.raises(MigrationFailed) as caught:
                apply(root, own.at("tight"))
            assert "53100" in caught.value.message
            assert "TABLE public.first" in dump(own.bin, own.at("tight"))
            subprocess.run(["mount", "-o", "remount,size=200m", disk], check=True)
            assert apply(root, own.at("tight")) == 1
    finally:
        subprocess.run(["umount", "-l", disk], check=True)
        disk.rmdir()
