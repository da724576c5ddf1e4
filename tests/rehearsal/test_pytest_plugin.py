"""The pytest plugin in a team's own suite."""

from pathlib import Path

import pytest

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
    assert (
        pytester.runpytest_subprocess("-p", "midair.pytest_plugin").ret == pytest.ExitCode.NO_TESTS_COLLECTED
    )


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
    ran = pytester.runpytest_subprocess("-p", "midair.pytest_plugin", "--midair", "-v")
    output = ran.stdout.str()
    assert "midair::1::up-down-up PASSED" in output, output
    assert "midair::2::up-down-up FAILED" in output
    assert "MA922 downgrade-leaves-behind" in output
    assert "midair::2::data-kept PASSED" in output
    assert "midair::single-head PASSED" in output
    assert "test_rows_survive PASSED" in output
    assert "test_address PASSED" in output
