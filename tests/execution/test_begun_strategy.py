"""What was begun goes on as it was begun, whatever the settings file says by now; only the command line itself says otherwise."""

import re
import signal
from pathlib import Path

import pytest
from tests.cli.in_process import Ran, midair
from tests.conftest import url_of
from tests.execution.test_live_breaking import READS, columns_of, revisions_of
from tests.sources.alembic.projects import opened, revision
from tests.support.fly import fly
from tests.support.live_shop import by_the_tool, shop
from tests.support.state import dump, journal_of

from midair.errors import NotOnline
from midair.model.address import Address
from midair.rehearsal.server import Server

DROPS = f"{READS}op.create_index('users_n', 'users', ['n'])\nif rows:\n    op.drop_column('users', 'name')"
"""The index runs apart and stays; that the column goes is seen only once there are rows."""
NEXT = revision("c", "'b'", "op.create_index('users_id', 'users', ['id'])")
LONE = """op.add_column('users', sa.Column('mark', sa.Integer))
with op.get_context().autocommit_block():
    op.create_index('users_n', 'users', ['n'], postgresql_concurrently=True)
op.create_index('users_name', 'users', ['name'])"""


def setting(root: Path, server: Server, address: Address, strategy: str) -> None:
    lines = (
        "[environments.prod]",
        f'url = "{url_of(address).reveal()}"',
        f'scratch = "{url_of(server.admin).reveal()}"',
        f'strategy = "{strategy}"',
        "small_table_mb = 0",
    )
    (root / "midair.toml").write_text("\n".join(lines))


def said(root: Path, command: str) -> Ran:
    return midair(root, *command.split(), "-e", "prod", "--no-input")


def strategies_of(address: Address) -> list[str]:
    """Of the runs, oldest first."""
    session = opened(address)
    try:
        return [str(each) for (each,) in session.query("SELECT strategy FROM midair.run ORDER BY started_at")]
    finally:
        session.close()


def add(root: Path, text: str = NEXT) -> None:
    (root / "migrations" / "versions" / "c.py").write_text(text)


@pytest.mark.parametrize("command", ["resume", "apply"])
def test_a_program_begun_online_stays_guarded_in_an_environment_that_is_set_to_direct_by_now(
    tmp_path: Path, server: Server, command: str
) -> None:
    root, fresh = shop(tmp_path / "p", server, DROPS)
    address = fresh()
    setting(root, server, address, "online")
    began = said(root, "apply")
    assert (began.returncode, "b.py:14 drops users.name" in began.stderr) == (NotOnline.exit_code, True)
    add(root)
    setting(root, server, address, "direct")
    plan = said(root, "plan").stdout
    assert "b was begun with strategy online, and is finished so, by itself" in plan
    assert "users_id" not in plan

    again = said(root, command)
    assert (again.returncode, "b.py:14 drops users.name" in again.stderr) == (NotOnline.exit_code, True)
    assert (revisions_of(address), "name" in columns_of(address)) == (["a"], True)

    setting(root, server, address, "online")
    over = said(root, f"{command} --strategy direct")
    assert over.returncode == 0, over.stderr
    assert "name" not in columns_of(address)
    applies = command == "apply"
    assert revisions_of(address) == (["c"] if applies else ["b"])
    # What comes after it was not begun: it runs as this very command says.
    assert strategies_of(address) == ["online", "online", "online", *["direct"] * applies]


def test_a_variable_is_a_setting_too_and_does_not_open_the_window(tmp_path: Path, server: Server) -> None:
    root, fresh = shop(tmp_path / "p", server, DROPS)
    address = fresh()
    setting(root, server, address, "online")
    assert said(root, "apply").returncode == NotOnline.exit_code
    again = midair(root, "resume", "-e", "prod", "--no-input", variables={"MIDAIR_STRATEGY": "direct"})
    assert (again.returncode, "name" in columns_of(address)) == (NotOnline.exit_code, True)


def test_a_program_begun_as_written_goes_on_so_and_what_comes_after_it_does_not(
    tmp_path: Path, server: Server
) -> None:
    root, fresh = shop(tmp_path / "p", server, LONE)
    add(root)
    expected = by_the_tool(root, server, fresh())
    address = fresh()
    code, told = fly(root, address, strategy="direct", dies_at=6, scratch=server.admin).landed()
    assert code == -signal.SIGKILL, told
    assert (revisions_of(address), "mark" in columns_of(address)) == (["a"], True)
    setting(root, server, address, "online")
    plan = said(root, "plan").stdout
    assert (
        "b was begun with strategy direct, and is finished so, by itself; what comes after it runs online"
        in plan
    )
    over = said(root, "apply")
    assert over.returncode == 0, over.stderr
    assert "applied 2 migrations" in over.stdout
    assert dump(server.bin, address) == expected
    assert (strategies_of(address), journal_of(address)[0]) == (["direct", "direct", "online"], [])


@pytest.mark.parametrize(
    ("begun", "by_now", "command", "left"),
    [
        ("online", "direct", "resume", "b"),
        ("direct", "online", "rollback b --yes", "a"),
        pytest.param("online", "direct", "rollback b --yes", "a", marks=pytest.mark.slow),
        pytest.param("direct", "online", "resume", "b", marks=pytest.mark.slow),
    ],
)
def test_a_rollback_that_was_cut_off_goes_on_as_it_was_begun_and_then_as_it_is_asked(
    tmp_path: Path, server: Server, begun: str, by_now: str, command: str, left: str
) -> None:
    root, fresh = shop(tmp_path / "p", server, "op.create_index('users_id', 'users', ['id'])")
    address = fresh()
    back = LONE.replace("users_n'", "was_n'").replace("users_name", "was_name")
    add(root, revision("c", "'b'", "pass", back))
    setting(root, server, address, begun)
    assert said(root, "apply").returncode == 0
    code, told = fly(
        root, address, strategy=begun, dies_at=6, command="rollback", scratch=server.admin
    ).landed()
    assert code == -signal.SIGKILL, told
    assert (revisions_of(address), "mark" in columns_of(address)) == (["c"], True)
    setting(root, server, address, by_now)
    over = said(root, command)
    assert over.returncode == 0, over.stderr
    went_on = [by_now] if left == "a" else []
    assert (revisions_of(address), strategies_of(address)) == ([left], [*[begun] * 3, *went_on])
    assert re.findall(r"INDEX (was_\w+)", dump(server.bin, address)) == ["was_n", "was_name"]
