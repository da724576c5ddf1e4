"""What would break the running application is not run by a live program either: plan says so, and its rows cannot hide it."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.sources.alembic.projects import opened, revision, run_sql, table_of
from tests.support.fly import fly
from tests.support.listening import Remembering
from tests.support.live_shop import ROWS, by_the_tool, kept_beside, request_for, shop
from tests.support.state import dump

import midair
from midair.errors import GateInTheWay, NotOnline
from midair.model.address import Address
from midair.model.plan import RunLive
from midair.rehearsal.server import Server

READS = "conn = op.get_bind()\nrows = conn.execute(sa.text('SELECT id, n FROM users ORDER BY id LIMIT 3')).fetchall()\n"
"""Lines 10 and 11 of the file."""


def columns_of(address: Address, table: str = "users") -> list[str]:
    session = opened(address)
    try:
        found = session.query(
            "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY 1",
            (table,),
        )
        return [str(name) for (name,) in found]
    finally:
        session.close()


def revisions_of(address: Address) -> list[str]:
    session = opened(address)
    try:
        return table_of(session)
    finally:
        session.close()


BREAKING = (
    ("op.drop_column('users', 'n')", "drops users.n, which the running application still reads and writes"),
    (
        "op.alter_column('users', 'name', new_column_name='called')",
        "renames users.name to called, and the running application still says name",
    ),
    (
        "op.alter_column('users', 'id', type_=sa.BigInteger)",
        "gives users.id another type: the server writes all of users again while nobody can use it",
    ),
    (
        "op.rename_table('users', 'people')",
        "renames users to people, and the running application still says users",
    ),
    ("op.drop_table('users_old')", "drops users_old, which the running application still reads and writes"),
)


def test_each_breaking_change_of_a_live_program_is_refused_with_its_line_and_direct_runs_them(
    tmp_path: Path, server: Server
) -> None:
    body = f"{READS}op.create_index('users_n', 'users', ['n'])\n" + "\n".join(call for call, _ in BREAKING)
    root, fresh = shop(tmp_path / "p", server, body)
    address = fresh()
    run_sql(address, "CREATE TABLE users_old (id integer)", "INSERT INTO users_old VALUES (1)")
    for start in (midair.plan, lambda request: midair.apply(request, Remembering())):
        with pytest.raises(NotOnline) as refused:
            start(request_for(root, address))
        assert "b has to run as its own program, for it reads users at" in refused.value.message
        for line, (_, told) in enumerate(BREAKING, 13):
            assert f"migrations/versions/b.py:{line} {told}" in refused.value.message
        assert "b.py:12 " not in refused.value.message
        assert "split it" in str(refused.value.hint)
        assert refused.value.state == "nothing was changed"
    assert revisions_of(address) == ["a"]
    midair.apply(replace(request_for(root, address), strategy="direct"), Remembering())
    assert (revisions_of(address), columns_of(address, "people")) == (["b"], ["called", "id"])


def test_what_the_program_made_itself_and_what_its_author_vouches_for_is_not_refused(
    tmp_path: Path, server: Server
) -> None:
    body = f"""{READS}op.create_table('passing', sa.Column('id', sa.Integer), sa.Column('was', sa.Integer))
op.bulk_insert(sa.table('passing', sa.column('id'), sa.column('was')), [dict(id=i, was=n) for i, n in rows])
op.create_index('users_n', 'users', ['n'])
op.alter_column('passing', 'was', new_column_name='n')
op.rename_table('passing', 'passed')
op.add_column('users', sa.Column('passing', sa.Integer))
op.drop_column('users', 'passing')
# midair: strategy = direct
op.drop_column('users', 'name')
op.create_index('users_n_id', 'users', ['n', 'id'])
op.drop_table('passed')"""
    root, fresh = shop(tmp_path / "p", server, body)
    expected = by_the_tool(root, server, fresh())
    address = fresh()
    # Cut off where some of it ran apart: what the program made before is still nobody else's.
    assert fly(root, address, strategy="online", dies_at=17).cut_off()
    code, said = fly(root, address, strategy="online", wait_s=30).landed()
    assert code == 0, said
    assert dump(server.bin, address) == expected


def test_tables_that_an_earlier_migration_of_the_same_run_made_are_nobodys_yet(
    tmp_path: Path, server: Server
) -> None:
    body = "op.create_table('made', sa.Column('id', sa.Integer), sa.Column('n', sa.Integer))\nop.add_column('users', sa.Column('fresh', sa.Integer))"
    root, fresh = shop(tmp_path / "p", server, body)
    rows = f"op.bulk_insert(sa.table('made', sa.column('id')), [dict(id=i) for i in range({ROWS})])"
    last = revision(
        "c", "'b'", f"{READS}{rows}\nop.drop_column('made', 'n')\nop.drop_column('users', 'fresh')"
    )
    (root / "migrations" / "versions" / "c.py").write_text(last)
    address = fresh()
    midair.apply(request_for(root, address), Remembering())
    assert (columns_of(address, "made"), columns_of(address)) == (["id"], ["id", "n", "name"])


DECIDED = "if rows:\n    op.drop_column('users', 'name')"


def test_what_only_rows_decide_is_refused_when_the_program_comes_to_it_and_nothing_is_left(
    tmp_path: Path, server: Server
) -> None:
    root, fresh = shop(
        tmp_path / "p", server, f"{READS}op.create_table('marks', sa.Column('id', sa.Integer))\n{DECIDED}"
    )
    address = fresh()
    (step,) = midair.plan(request_for(root, address)).steps
    assert isinstance(step.action, RunLive)
    assert (step.action.guarded, step.action.watched) == (True, False)
    with pytest.raises(NotOnline) as refused:
        midair.apply(request_for(root, address), Remembering())
    assert "b is at a statement that its rows made it send" in refused.value.message
    assert "b.py:14 drops users.name" in refused.value.message
    assert refused.value.state == "nothing was changed: its own transaction was rolled back"
    assert (columns_of(address), revisions_of(address)) == (["id", "n", "name"], ["a"])
    assert midair.status(request_for(root, address)).half_done == ()
    midair.apply(replace(request_for(root, address), strategy="direct"), Remembering())
    assert (columns_of(address), revisions_of(address)) == (["id", "n"], ["b"])


def test_what_only_rows_decide_stops_a_half_done_program_which_a_window_lets_finish(
    tmp_path: Path, server: Server
) -> None:
    root, fresh = shop(
        tmp_path / "p", server, f"{READS}op.create_index('users_n', 'users', ['n'])\n{DECIDED}"
    )
    expected = by_the_tool(root, server, fresh())
    address = fresh()
    for _ in range(2):  # once more comes to the same place, and is refused again
        with pytest.raises(NotOnline) as refused:
            midair.apply(request_for(root, address), Remembering())
        assert "what b sent up to its statement 2 is done and kept" in str(refused.value.state)
        assert "midair resume --strategy direct" in str(refused.value.hint)
    assert (columns_of(address), revisions_of(address)) == (["id", "n", "name"], ["a"])
    assert {each.revision for each in midair.status(request_for(root, address)).half_done} == {"b"}
    midair.resume(replace(request_for(root, address), strategy="direct", insists=True), Remembering())
    assert dump(server.bin, address) == expected
    assert kept_beside(address) == []


def test_what_an_earlier_contract_holds_is_not_touched_by_a_program_either(
    tmp_path: Path, server: Server
) -> None:
    root, fresh = shop(tmp_path / "p", server, "op.drop_column('users', 'name')")
    last = revision("c", "'b'", f"{READS}if rows:\n    op.create_index('users_name', 'users', ['name'])")
    (root / "migrations" / "versions" / "c.py").write_text(last)
    address = fresh()
    with pytest.raises(GateInTheWay) as refused:
        midair.apply(request_for(root, address), Remembering())
    assert "midair contract b" in str(refused.value.hint)
    assert revisions_of(address) == ["b"]
    assert "name" in columns_of(address)
    midair.contract(request_for(root, address), Remembering(), force=True)
