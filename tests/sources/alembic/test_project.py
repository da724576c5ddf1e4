"""Reading Alembic projects from their files: configuration, graph, env.py; nothing is run unless it must be."""

import os
import sys
from pathlib import Path

import pytest

from midair.errors import BadMigration, BadSetting, BrokenHistory, DuplicateRevision, ProgramFailed
from midair.model.address import Product
from midair.model.migration import Applied, RevisionId, State
from midair.sources.source import Options
from midair.sources.tools.alembic import SOURCE
from midair.sources.tools.alembic.interpreter import interpreter

from .projects import ENV, INI, options_of, read_project, revision, write_project

LINE = {"b": revision("b", "'a'"), "a": revision("a", "None"), "c": revision("c", "'b'")}


def names(root: Path) -> list[str]:
    return [each.revision for each in read_project(root).migrations]


def test_revisions_come_in_the_order_of_the_graph_whatever_the_files_are_called(tmp_path: Path) -> None:
    project = read_project(write_project(tmp_path, LINE))
    assert [each.revision for each in project.migrations] == ["a", "b", "c"]
    assert project.migrations[1].parents == ("a",)
    assert project.migrations[0].description == "a does something"
    assert str(project.migrations[0].span) == "migrations/versions/a.py:9"


def test_the_ini_pyproject_and_a_bare_script_folder_are_recognised_without_running_anything(
    tmp_path: Path,
) -> None:
    for name in ("ini", "toml", "bare"):
        write_project(tmp_path / name, {"a": revision("a", "None", "raise SystemExit(9)")})
    (tmp_path / "toml" / "alembic.ini").unlink()
    (tmp_path / "toml" / "pyproject.toml").write_text(
        '[tool.alembic]\nscript_location = "%(here)s/migrations"\n'
    )
    (tmp_path / "bare" / "alembic.ini").unlink()
    for name, mark in (
        ("ini", "alembic.ini [alembic]"),
        ("toml", "pyproject.toml [tool.alembic]"),
        ("bare", "env.py beside versions/"),
    ):
        found = list(SOURCE.recognises(tmp_path / name, {}))
        assert [each.marks for each in found] == [(mark,)]
        assert found[0].folder == tmp_path / name / "migrations"
        assert [each.revision for each in SOURCE.read(found[0], options_of()).migrations] == ["a"]


def test_a_project_right_below_the_folder_is_found_once(tmp_path: Path) -> None:
    write_project(tmp_path / "backend", LINE)
    assert [each.config for each in SOURCE.recognises(tmp_path, {})] == [tmp_path / "backend" / "alembic.ini"]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("version_locations = %(here)s/one %(here)s/two", {"x", "y"}),
        ("version_locations = %(here)s/one:%(here)s/two\npath_separator = :", {"x", "y"}),
        ("version_locations = %(here)s/one\n  %(here)s/two\npath_separator = newline", {"x", "y"}),
        ("version_locations = %(here)s/one;%(here)s/two\nversion_path_separator = ;", {"x", "y"}),
        ("version_locations = %(here)s/one\nrecursive_version_locations = true", {"x", "z"}),
    ],
)
def test_version_locations_are_split_as_alembic_splits_them(
    tmp_path: Path, settings: str, expected: set[str]
) -> None:
    write_project(tmp_path, {})
    for folder, name in (("one", "x"), ("two", "y"), ("one/deep", "z")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / f"{name}.py").write_text(revision(name, "None"))
    (tmp_path / "alembic.ini").write_text(f"[alembic]\nscript_location = %(here)s/migrations\n{settings}\n")
    assert set(names(tmp_path)) == expected


def test_another_section_of_the_ini_is_chosen_by_name(tmp_path: Path) -> None:
    write_project(tmp_path, LINE)
    write_project(tmp_path / "other", {"z": revision("z", "None")})
    with (tmp_path / "alembic.ini").open("a") as ini:
        ini.write("[other]\nscript_location = %(here)s/other/migrations\n")
    assert [each.revision for each in read_project(tmp_path, name="other").migrations] == ["z"]


def test_a_package_location_is_found_in_the_source_folder(tmp_path: Path) -> None:
    write_project(tmp_path, LINE)
    (tmp_path / "src" / "shop").mkdir(parents=True)
    (tmp_path / "migrations").rename(tmp_path / "src" / "shop" / "migrations")
    (tmp_path / "alembic.ini").write_text(
        "[alembic]\nscript_location = shop:migrations\nprepend_sys_path = src\n"
    )
    assert names(tmp_path) == ["a", "b", "c"]


def test_computed_identifiers_are_asked_of_the_projects_python(tmp_path: Path) -> None:
    write_project(tmp_path, LINE)
    text = revision("d", "'c'").replace("revision = 'd'", "revision = ''.join(['d', 'd'])", 1)
    (tmp_path / "migrations" / "versions" / "d.py").write_text(text)
    project = read_project(tmp_path)
    assert [each.revision for each in project.migrations] == ["a", "b", "c", "dd"]
    assert project.migrations[3].parents == ("c",)


@pytest.mark.parametrize(
    ("files", "error", "words"),
    [
        (
            {"a": revision("a", "'b'"), "b": revision("b", "'a'")},
            BrokenHistory,
            r"circle: .*versions/[ab]\.py",
        ),
        ({"a": revision("a", "'gone'")}, BrokenHistory, r"versions/a\.py:9 follows revision gone"),
        ({"a": revision("a", "None"), "b": revision("a", "None")}, DuplicateRevision, r"a\.py and .*b\.py"),
        ({"a_x": "def upgrade():\n    pass\n"}, BadMigration, r"a_x\.py names no revision"),
        ({"a": "revision = 'a'\ndown_revision = \n"}, BadMigration, r"a\.py:2 is not Python"),
        ({"a": revision("a", "None", extra="depends_on = 'nobody'")}, BrokenHistory, "depends on 'nobody'"),
    ],
)
def test_a_broken_graph_is_refused_with_the_files_named(
    tmp_path: Path, files: dict[str, str], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        read_project(write_project(tmp_path, files))


def test_only_a_downgrade_that_raises_has_no_way_back(tmp_path: Path) -> None:
    files = {
        "a": revision("a", "None", back="op.drop_table('t')"),
        "b": revision("b", "'a'", back='"""No."""\nraise NotImplementedError("sorry")'),
        "c": revision("c", "'b'", back="pass"),
    }
    project = read_project(write_project(tmp_path, files))
    assert [each.reversible for each in project.migrations] == [True, False, True]


def test_dependencies_may_be_labels_or_the_beginning_of_a_revision(tmp_path: Path) -> None:
    files = {
        "abcd": revision("abcd1234", "None", extra="branch_labels = ('shop',)"),
        "b": revision("b", "None", extra="depends_on = 'shop'"),
        "c": revision("c", "None", extra="depends_on = ['abcd']"),
    }
    project = read_project(write_project(tmp_path, files))
    assert {each.revision: each.depends_on for each in project.migrations}["b"] == ("abcd1234",)
    assert {each.revision: each.depends_on for each in project.migrations}["c"] == ("abcd1234",)


def test_the_version_table_is_read_from_env_py(tmp_path: Path) -> None:
    root = write_project(
        tmp_path,
        LINE,
        options=', version_table="versions", version_table_schema="app", transaction_per_migration=True',
    )
    project = read_project(root)
    assert project.history.table == "app.versions"
    assert not project.history.run_is_one_transaction
    assert project.warnings == ()


def test_a_computed_version_table_is_warned_about_and_can_be_set(tmp_path: Path) -> None:
    root = write_project(tmp_path, LINE, options=", version_table=str(1)")
    assert any("env.py computes version_table" in each for each in read_project(root).warnings)
    assert read_project(root, version_table="mine").history.table == "mine"


def test_the_address_is_the_inis_unless_env_py_takes_it_from_elsewhere(tmp_path: Path) -> None:
    project = read_project(write_project(tmp_path / "plain", LINE))
    assert str(project.address) == "postgresql://nobody@nowhere.invalid/production"
    assert project.origin == "alembic.ini [alembic] sqlalchemy.url"
    env = ENV.format(options="").replace(
        "engine =",
        "import os\nurl = os.environ['SHOP_DB']\ncontext.config.set_main_option('sqlalchemy.url', url)\nengine =",
    )
    root = write_project(tmp_path / "environ", LINE, env=env)
    found = next(iter(SOURCE.recognises(root, {})))
    told = SOURCE.read(found, Options({"SHOP_DB": "postgresql+asyncpg://me@db/shop"}))
    assert (str(told.address), told.origin) == ("postgresql://me@db/shop", "SHOP_DB, which env.py reads")
    assert SOURCE.read(found, Options({})).address is None


def test_a_relative_sqlite_file_lies_beside_the_ini(tmp_path: Path) -> None:
    project = read_project(write_project(tmp_path, LINE, url="sqlite:///app.db"), Product.SQLITE)
    assert project.address is not None
    assert project.address.database == str(tmp_path / "app.db")
    assert not project.history.run_is_one_transaction


def test_a_setting_that_cannot_be_read_names_the_file(tmp_path: Path) -> None:
    write_project(tmp_path, LINE)
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = %(nowhere)s/migrations\n")
    with pytest.raises(BadSetting, match=r"alembic\.ini \[alembic\] script_location"):
        read_project(tmp_path)


def test_heads_stand_for_everything_below_them(tmp_path: Path) -> None:
    files = LINE | {"x": revision("x", "'a'"), "m": revision("m", "('c', 'x')")}
    project = read_project(write_project(tmp_path, files))
    standings = SOURCE.compare(project, (Applied(RevisionId("c")),))
    assert {each.revision: each.state for each in standings} == {
        "a": State.APPLIED, "b": State.APPLIED, "c": State.APPLIED, "x": State.PENDING, "m": State.PENDING,
    }  # fmt: skip
    gone = SOURCE.compare(project, (Applied(RevisionId("unknown")),))
    assert [each.state for each in gone][-1] is State.MISSING


def test_the_projects_own_environment_is_preferred(tmp_path: Path) -> None:
    fake = tmp_path / ".venv"
    (fake / "bin").mkdir(parents=True)
    (fake / "lib" / "python3.12" / "site-packages" / "alembic").mkdir(parents=True)
    (fake / "bin" / "python").symlink_to(sys.executable)
    assert interpreter(tmp_path, {}, None) == fake / "bin" / "python"
    assert interpreter(
        tmp_path, {"VIRTUAL_ENV": os.path.dirname(os.path.dirname(sys.executable))}, None
    ) == Path(sys.executable)
    with pytest.raises(ProgramFailed, match="there is no Python at"):
        interpreter(tmp_path, {}, "./nothing/python")


def test_new_writes_a_revision_by_the_projects_own_template(tmp_path: Path) -> None:
    project = read_project(write_project(tmp_path, LINE))
    (file,) = SOURCE.new(project, "add a column", options_of())
    assert file.name.endswith("_add_a_column.py")
    assert "down_revision = 'c'" in file.read_text()
    assert read_project(tmp_path).migrations[-1].description == "add a column"


def test_the_sections_and_their_places_are_those_of_the_ini(tmp_path: Path) -> None:
    (tmp_path / "alembic.ini").write_text(INI.format(url="driver://user:pass@localhost/dbname"))
    found = list(SOURCE.recognises(tmp_path, {}))
    assert [each.folder for each in found] == [tmp_path / "migrations"]
