"""Capturing: what a project's own program sends, replayed on another database, leaves what the real Alembic leaves."""

import subprocess
from pathlib import Path

import pytest

from midair.database import Guard, Session, open_session
from midair.errors import BadSetting, LockTimeout, ProgramFailed, Unsupported
from midair.model.address import Address, Product, Secret
from midair.model.migration import Direction
from midair.model.statement import Sql
from midair.rehearsal.server import Server
from midair.sources.source import LiveRun, Project
from midair.sources.tools.alembic import SOURCE

from .projects import (
    ENV,
    Fresh,
    alembic,
    opened,
    options_of,
    read_project,
    replay,
    revision,
    run_sql,
    scripts_of,
    shape_of,
    table_of,
    write_project,
)

USERS = revision(
    "a",
    "None",
    "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True), sa.Column('name', sa.Text), sa.Column('n', sa.Integer))",
    "op.drop_table('users')",
)


@pytest.fixture
def scratch(server: Server, tmp_path: Path) -> Fresh:
    return Fresh(server, tmp_path)


def one(
    tmp_path: Path, scratch: Fresh, up: str, **options: str
) -> tuple[list[tuple[bool, list[str]]], str | None]:
    """Shape and reason of a second revision with this body, after `users`."""
    root = write_project(tmp_path / "project", {"a": USERS, "b": revision("b", "'a'", up)}, **options)
    script = scripts_of(read_project(root), scratch).by_revision[read_project(root).migrations[1].revision]
    return shape_of(script), script.live


def test_statements_come_with_the_line_of_python_and_their_values_in_place(
    tmp_path: Path, scratch: Fresh
) -> None:
    shape, live = one(
        tmp_path,
        scratch,
        """op.add_column('users', sa.Column('mail', sa.Text))
op.get_bind().execute(sa.text("UPDATE users SET name = :name WHERE n > :n"), {"name": "it's 100%", "n": 5})
op.bulk_insert(sa.table('users', sa.column('id'), sa.column('name')), [{'id': 1, 'name': 'a'}, {'id': 2, 'name': None}])
op.execute("UPDATE users SET name = '50%'; UPDATE users SET n = 1")""",
    )
    assert live is None
    ((atomic, statements),) = shape
    assert atomic
    assert statements[0] == "10 ALTER TABLE users ADD COLUMN mail TEXT"
    assert statements[1].startswith("11 UPDATE users SET name = 'it''s 100%'")
    assert [each[:18] for each in statements[2:4]] == ["12 INSERT INTO use"] * 2
    assert statements[4:] == ["13 UPDATE users SET name = '50%'", "13 UPDATE users SET n = 1"]


def test_a_hard_coded_url_never_sees_a_connection(tmp_path: Path, scratch: Fresh) -> None:
    env = ENV.format(options="").replace(
        "engine_from_config(context.config.get_section(context.config.config_ini_section), poolclass=pool.NullPool)",
        "__import__('sqlalchemy').create_engine('postgresql+psycopg://nobody:hunter2@nowhere.invalid/production')",
    )
    assert "nowhere.invalid" in env
    shape, live = one(tmp_path, scratch, "op.execute('SELECT 1')", env=env)
    assert (shape, live) == ([], None)


def test_connections_made_by_a_creator_are_refused(tmp_path: Path, scratch: Fresh) -> None:
    env = ENV.format(options="").replace(
        "engine_from_config(",
        "__import__('sqlalchemy').create_engine('postgresql+psycopg://', creator=lambda: __import__('psycopg').connect('')) or engine_from_config(",
    )
    with pytest.raises((Unsupported, ProgramFailed)):
        one(tmp_path, scratch, "pass", env=env)


def test_autocommit_blocks_cut_the_transaction(tmp_path: Path, scratch: Fresh) -> None:
    shape, live = one(
        tmp_path,
        scratch,
        """op.add_column('users', sa.Column('mail', sa.Text))
with op.get_context().autocommit_block():
    op.create_index('users_mail', 'users', ['mail'], postgresql_concurrently=True)
op.add_column('users', sa.Column('x', sa.Text))""",
    )
    assert live is None
    assert [atomic for atomic, _ in shape] == [True, False, True]
    assert shape[1][1] == ["12 CREATE INDEX CONCURRENTLY users_mail ON users (mail)"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            "op.get_bind().execute(sa.text('SELECT id FROM users')).fetchall()",
            "reads users at migrations/versions/b.py:10",
        ),
        (
            "op.get_bind().execute(sa.text('UPDATE users SET n = 1 RETURNING name'))",
            "gets rows back from UPDATE at migrations/versions/b.py:10",
        ),
        (
            "found = op.get_bind().execute(sa.text('DELETE FROM users'))\nassert found.rowcount == 0",
            "counts the rows it changed at migrations/versions/b.py:11",
        ),
        (
            "raw = op.get_bind().connection.cursor()\nraw.execute('UPDATE users SET n = 2')",
            "sends SQL past SQLAlchemy at migrations/versions/b.py:11",
        ),
        (
            "bind = op.get_bind()\nid = bind.execute(sa.text(\"INSERT INTO users (name) VALUES ('x') RETURNING id\")).scalar()\n"
            "bind.execute(sa.text('UPDATE users SET n = :id'), {'id': id})",
            "uses an id that the server generated at migrations/versions/b.py:12",
        ),
        (
            "bind = op.get_bind()\ntry:\n    with bind.begin_nested():\n        bind.execute(sa.text('SELECT 1 / 0'))\nexcept Exception:\n    pass",
            "goes on after an error at migrations/versions/b.py:13",
        ),
        (
            "other = sa.create_engine('postgresql+psycopg://u@nowhere.invalid/x')\nwith other.begin() as conn:\n    conn.execute(sa.text('CREATE TABLE z ()'))",
            "uses a second connection at migrations/versions/b.py:12",
        ),
    ],
    ids=(
        "select",
        "returning",
        "rowcount",
        "raw-cursor",
        "generated-id",
        "caught-error",
        "second-connection",
    ),
)
def test_what_depends_on_rows_is_live(tmp_path: Path, scratch: Fresh, body: str, reason: str) -> None:
    # On PostgreSQL the second engine meets no lock: the table of the first revision is committed before.
    root = write_project(
        tmp_path / "p",
        {"a": USERS, "b": revision("b", "'a'", body)},
        options=", transaction_per_migration=True",
    )
    project = read_project(root)
    applied_first = scripts_of(project, scratch)
    assert applied_first.by_revision[project.migrations[0].revision].live is None
    live = applied_first.by_revision[project.migrations[1].revision].live
    if reason.startswith("uses an id"):
        # Sequences that the pending revisions create count the same on the target: only an existing one is far away.
        assert live is None
        with scratch.database(Product.POSTGRESQL) as address:
            alembic(root, address, "upgrade", "a")
            session = opened(address)
            applied = project.history.read(session)
            session.close()
        live = (
            scripts_of(project, scratch, migrations=project.migrations[1:], applied=applied)
            .by_revision[project.migrations[1].revision]
            .live
        )
    assert live == reason


@pytest.mark.parametrize(
    "body",
    [
        "assert 'users' in sa.inspect(op.get_bind()).get_table_names()",
        "bind = op.get_bind()\ntry:\n    with bind.begin_nested():\n        bind.execute(sa.text('DROP TABLE nothing'))\nexcept Exception:\n    pass",
        "op.get_bind().execute(sa.text('SELECT version()')).scalar()",
    ],
    ids=("inspector", "caught-schema-error", "version"),
)
def test_looking_at_the_schema_is_closed(tmp_path: Path, scratch: Fresh, body: str) -> None:
    assert one(tmp_path, scratch, body) == ([], None)


@pytest.mark.parametrize("product", list(Product)[:2])
def test_replay_leaves_what_the_real_tool_leaves_up_and_down(
    tmp_path: Path, server: Server, product: Product
) -> None:
    root = write_project(
        tmp_path / "project",
        GRAPH,
        url="sqlite:///x.db" if product is Product.SQLITE else "postgresql+psycopg://x/y",
    )
    project = read_project(root, product)
    scratch = Fresh(server, tmp_path)
    with scratch.database(product) as ours, scratch.database(product) as theirs:
        alembic(root, theirs, "upgrade", "heads")
        session = opened(ours)
        captured = scripts_of(project, scratch, product)
        assert all(each.live is None for each in captured.by_revision.values())
        replay(project, captured, session)
        assert state_of(server, ours) == state_of(server, theirs)
        assert sorted(alembic(root, ours, "current").split()) == sorted(
            alembic(root, theirs, "current").split()
        )
        applied = project.history.read(session)
        back = scripts_of(project, scratch, product, Direction.DOWN, applied=applied)
        replay(project, back, session, Direction.DOWN)
        alembic(root, theirs, "downgrade", "base")
        assert state_of(server, ours) == state_of(server, theirs)
        assert table_of(session) == []
        session.close()


GRAPH = {
    "a": USERS,
    "b": revision("b", "'a'", "with op.batch_alter_table('users') as batch:\n    batch.add_column(sa.Column('mail', sa.String(20), server_default='x'))\n    batch.create_unique_constraint('users_mail', ['mail'])", "with op.batch_alter_table('users') as batch:\n    batch.drop_constraint('users_mail')\n    batch.drop_column('mail')"),
    "c": revision("c", "'a'", "op.create_table('c', sa.Column('id', sa.Integer, primary_key=True))", "op.drop_table('c')"),
    "d": revision("d", "('b', 'c')"),
    "e": revision("e", "None", "op.create_table('e', sa.Column('id', sa.Integer))", "op.drop_table('e')", "depends_on = 'd'"),
    "f": revision("f", "'d'", "op.create_index('users_n', 'users', ['n'])", "op.drop_index('users_n', 'users')"),
}  # fmt: skip


def state_of(server: Server, address: Address) -> str:
    if address.product is Product.SQLITE:
        session = opened(address)
        rows = session.query("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2")
        session.close()
        return "\n".join(map(str, rows))
    command = [
        server.bin / "pg_dump",
        "-h",
        str(address.host),
        "-U",
        str(address.user),
        "-s",
        address.database,
    ]
    dump = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return "\n".join(line for line in dump.splitlines() if not line.startswith("\\"))


@pytest.mark.parametrize("order", ["acbdfe", "abcdef", "abcdfe"])
def test_the_version_table_moves_row_for_row_as_alembics(tmp_path: Path, server: Server, order: str) -> None:
    root = write_project(tmp_path / "project", GRAPH, url="postgresql+psycopg://x/y")
    project = read_project(root)
    by_name = {str(each.revision): each for each in project.migrations}
    with (
        Fresh(server, tmp_path).database(Product.POSTGRESQL) as ours,
        Fresh(server, tmp_path).database(Product.POSTGRESQL) as theirs,
    ):
        session, other = opened(ours), opened(theirs)
        session.run(project.history.create(session), atomic=True)
        for name in order:
            (marks,) = project.history.record(session, [by_name[name]], project.history.read(session))
            session.run(marks.within, atomic=True)
            alembic(root, theirs, "upgrade", name)
            assert table_of(session) == table_of(other), name
        session.close()
        other.close()


def test_a_history_row_that_somebody_moved_meanwhile_stops_the_run(tmp_path: Path, server: Server) -> None:
    project = read_project(write_project(tmp_path / "project", GRAPH))
    with Fresh(server, tmp_path).database(Product.POSTGRESQL) as address:
        session = opened(address)
        session.run(project.history.create(session), atomic=True)
        run_sql(address, "INSERT INTO alembic_version VALUES ('a')")
        applied = project.history.read(session)
        marks = project.history.record(session, [project.migrations[1]], applied)
        run_sql(address, "UPDATE alembic_version SET version_num = 'c'")
        with pytest.raises(Exception, match="revision a should be in the version table once; rows found: 0"):
            session.run(marks[0].within, atomic=True)
        assert table_of(session) == ["c"]
        session.close()


def test_env_pys_search_path_and_own_statements_come_first(tmp_path: Path, scratch: Fresh) -> None:
    env = ENV.format(options="").replace(
        "    context.configure",
        "    connection.exec_driver_sql('CREATE SCHEMA IF NOT EXISTS shop')\n    connection.exec_driver_sql('SET search_path TO shop, public')\n    connection.commit()\n    context.configure",
    )
    project = read_project(write_project(tmp_path / "project", {"a": USERS}, env=env))
    prologue = scripts_of(project, scratch).prologue.statements
    assert "SET search_path TO shop, public" in [each.sql for each in prologue]
    assert prologue[0].span.path == "migrations/env.py"


def test_another_version_table_than_the_files_say_is_an_error(tmp_path: Path, scratch: Fresh) -> None:
    with pytest.raises(
        BadSetting, match=r"env\.py keeps the versions in v1, and midair looked in alembic_version"
    ) as caught:
        one(tmp_path, scratch, "pass", options=", version_table='v' + str(1)")
    assert caught.value.hint == 'set version_table = "v1" under [tools.alembic] in midair.toml'


def test_a_failing_revision_is_named_with_its_line_and_no_password(tmp_path: Path, scratch: Fresh) -> None:
    with pytest.raises(ProgramFailed) as caught:
        one(tmp_path, scratch, "password = 'hunter2'\nraise ValueError('no ' + password)", options="")
    assert (
        caught.value.message == "migrations/versions/b.py:11 failed while revision b ran: ValueError: no •••"
    )
    assert "hunter2" not in str(caught.value.hint)
    assert "line 11, in upgrade" in str(caught.value.hint)


def test_what_the_project_prints_does_not_disturb_the_answers(tmp_path: Path, scratch: Fresh) -> None:
    shape, live = one(
        tmp_path,
        scratch,
        "import os\nprint('{\"kind\": \"done\"}')\nos.system('echo noise')\nop.drop_table('users')",
    )
    assert (shape, live) == ([(True, ["13 DROP TABLE users"])], None)


def run_live(project: Project, address: Address, bounds: dict[str, str], *, first: int = 0) -> None:
    assert SOURCE.live is not None
    SOURCE.live(LiveRun(project, project.migrations[first:], Direction.UP, address, options_of(), bounds))


def test_a_live_revision_runs_on_the_target_and_records_itself(tmp_path: Path, server: Server) -> None:
    body = "for row in op.get_bind().execute(sa.text('SELECT id FROM users')).fetchall():\n    op.execute(f'UPDATE users SET n = {row[0] * 10} WHERE id = {row[0]}')"
    root = write_project(tmp_path / "project", {"a": USERS, "b": revision("b", "'a'", body)})
    project = read_project(root)
    with Fresh(server, tmp_path).database(Product.POSTGRESQL) as address:
        alembic(root, address, "upgrade", "a")
        run_sql(address, "INSERT INTO users (name) VALUES ('x'), ('y')")
        run_live(project, address, {"lock_timeout": "200ms"}, first=1)
        session = opened(address)
        assert session.query("SELECT n FROM users ORDER BY id") == [(10,), (20,)]
        assert table_of(session) == ["b"]
        session.close()


def test_a_live_revision_that_waits_too_long_for_a_lock_says_so_and_leaves_nothing(
    tmp_path: Path, server: Server
) -> None:
    root = write_project(
        tmp_path / "project", {"a": USERS, "b": revision("b", "'a'", "op.drop_column('users', 'n')")}
    )
    project = read_project(root)
    with Fresh(server, tmp_path).database(Product.POSTGRESQL) as address:
        alembic(root, address, "upgrade", "a")
        holder = Holder(address)
        try:
            with pytest.raises(LockTimeout):
                run_live(project, address, {"lock_timeout": "100ms"}, first=1)
        finally:
            holder.close()
        session = opened(address)
        assert table_of(session) == ["a"]
        session.close()


class Holder:
    """A bystander with an open transaction that has read `users`."""

    def __init__(self, address: Address) -> None:
        self._session: Session = open_session(
            Address(address.product, address.database, address.host, user=address.user, password=Secret("")),
            Guard(),
            "holder",
        )
        self._session.run([Sql("BEGIN"), Sql("LOCK TABLE users IN ACCESS SHARE MODE")], atomic=False)

    def close(self) -> None:
        self._session.close()


def test_a_run_that_was_rolled_back_without_an_error_is_noticed(tmp_path: Path, server: Server) -> None:
    env = ENV.format(options="").replace(
        "    context.configure", "    connection.exec_driver_sql('SELECT 1')\n    context.configure"
    )
    root = write_project(tmp_path / "project", {"a": USERS}, env=env)
    project = read_project(root)
    with (
        Fresh(server, tmp_path).database(Product.POSTGRESQL) as address,
        pytest.raises(ProgramFailed, match="is not recorded"),
    ):
        run_live(project, address, {})
