"""The pytest plugin in a team's own suite."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.peers.places import public_project

pytest_plugins = ("pytester",)

UP = "CREATE TABLE t (id integer PRIMARY KEY, note text);"
NEXT = "ALTER TABLE t ADD COLUMN city text; CREATE INDEX t_note ON t (note);"


def suite(pytester: pytest.Pytester, down: str) -> None:
    folder = pytester.mkdir("migrations")
    (folder / "000001_one.up.sql").write_text(UP)
    (folder / "000001_one.down.sql").write_text("DROP TABLE t;")
    (folder / "000002_two.up.sql").write_text(NEXT)
    (folder / "000002_two.down.sql").write_text(down)


@pytest.fixture(autouse=True)
def _same_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """pytester moves HOME; the template data directory should be found where it is."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(Path.home() / ".cache"))


def test_without_the_option_nothing_is_collected(pytester: pytest.Pytester) -> None:
    suite(pytester, "SELECT 1;")
    assert pytester.runpytest_subprocess().ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_every_migration_is_proven_and_a_forgotten_index_fails_its_own_test(
    pytester: pytest.Pytester,
) -> None:
    suite(pytester, "ALTER TABLE t DROP COLUMN city;")
    pytester.makepyfile(
        """
        def test_rows_survive(midair_migrator):
            midair_migrator.up_to("1")
            midair_migrator.insert("t", id=1, note="kept")
            midair_migrator.up_to("2")
            assert midair_migrator.rows("t", "id", "note") == [(1, "kept")]

        def test_address(midair_database, midair_project):
            assert midair_database.database and len(midair_project.migrations) == 2
        """
    )
    ran = pytester.runpytest_subprocess("--midair", "-v")
    output = ran.stdout.str()
    assert "midair::1::up-down-up PASSED" in output, output
    assert "midair::2::up-down-up FAILED" in output
    assert "MA922 downgrade-leaves-behind" in output
    assert "midair::2::data-kept PASSED" in output
    assert "midair::single-head PASSED" in output
    assert "test_rows_survive PASSED" in output
    assert "test_address PASSED" in output


def test_two_workers_prove_the_same_and_rehearse_once(pytester: pytest.Pytester) -> None:
    suite(pytester, "ALTER TABLE t DROP COLUMN city;")
    ran = pytester.runpytest_subprocess("--midair", "-v", "-n", "2", f"--basetemp={pytester.path / 'temp'}")
    output = ran.stdout.str()
    ran.assert_outcomes(passed=6, failed=2)  # the second: an index is built in the ordinary way
    assert "MA922 downgrade-leaves-behind" in output
    assert {each for each in ("gw0", "gw1") if f"[{each}]" in output} == {"gw0", "gw1"}
    assert [each.name for each in (pytester.path / "temp").glob("midair-*.pickle")] == [
        "midair-rehearsal.pickle"
    ]


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def test_since_proves_the_new_migrations_only_and_tries_no_other_by_itself(pytester: pytest.Pytester) -> None:
    suite(pytester, "ALTER TABLE t DROP COLUMN city;")  # faulty, and not new
    git(pytester.path, "init", "-q")
    git(pytester.path, "add", "-A")
    git(pytester.path, "commit", "-q", "-m", "before")
    (pytester.path / "migrations" / "000003_three.up.sql").write_text("CREATE TABLE three (id integer);")
    (pytester.path / "migrations" / "000003_three.down.sql").write_text("DROP TABLE three;")
    ran = pytester.runpytest_subprocess("--midair-since", "HEAD", "-v")
    output = ran.stdout.str()
    assert "midair::3::up-down-up PASSED" in output, output
    assert "midair::2::" not in output
    ran.assert_outcomes(passed=5)


@pytest.mark.real_projects
@pytest.mark.timeout(600)
def test_a_real_projects_last_migrations_are_proven_by_two_workers(pytester: pytest.Pytester) -> None:
    folder = pytester.mkdir("migrations")
    files = sorted((public_project("harbor") / "golang-migrate" / "migrations").glob("*.sql"))
    for each in files[:-2]:
        (folder / each.name).write_text(each.read_text())
    git(pytester.path, "init", "-q")
    git(pytester.path, "add", "-A")
    git(pytester.path, "commit", "-q", "-m", "before")
    for each in files[-2:]:
        (folder / each.name).write_text(each.read_text())
    ran = pytester.runpytest_subprocess("--midair-since", "HEAD", "-v", "-n", "2")
    output = ran.stdout.str()
    new = {int(each.name.split("_")[0]) for each in files[-2:]}
    named = {int(found) for found in re.findall(r"midair::(\d+)::data-kept", output)}
    assert named == new, output
    assert re.findall(r"FAILED (midair::\S+)", output) == ["midair::no-high-risk"] * 2, output
    assert "MA118 column-type-rewrite" in output  # integer keys become bigint in one statement each
    assert "assert not" not in output
