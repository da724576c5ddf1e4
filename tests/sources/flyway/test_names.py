"""What a file's name says, and the order files run in."""

import pytest

from midair.sources.tools.flyway.names import Kind, Name, Naming, Skipped, Version, java_order, parse


@pytest.mark.parametrize(
    ("filename", "kind", "version", "description"),
    [
        ("V1__Init.sql", Kind.VERSIONED, "1", "Init"),
        ("V1.1__x.sql", Kind.VERSIONED, "1.1", "x"),
        ("V1_1__x.sql", Kind.VERSIONED, "1.1", "x"),
        ("V001__x.sql", Kind.VERSIONED, "001", "x"),
        ("V20240131120000__x.sql", Kind.VERSIONED, "20240131120000", "x"),
        ("V1__a.SQL", Kind.VERSIONED, "1", "a"),
        ("V1.sql", Kind.VERSIONED, "1", ""),
        ("V2__.sql", Kind.VERSIONED, "2", ""),
        ("R__.sql", Kind.REPEATABLE, None, ""),
        ("V1_0_2__Add_x__y.sql", Kind.VERSIONED, "1.0.2", "Add x  y"),
        ("V9__a__b.sql", Kind.VERSIONED, "9", "a  b"),
        ("V10___c.sql", Kind.VERSIONED, "10", " c"),
        ("B3__all.sql", Kind.BASELINE, "3", "all"),
        ("U3__all.sql", Kind.UNDO, "3", "all"),
        ("R__Views.sql", Kind.REPEATABLE, None, "Views"),
        ("beforeMigrate.sql", Kind.CALLBACK, None, ""),
        ("beforeEachMigrate__grant_it.sql", Kind.CALLBACK, None, "grant it"),
    ],
)
def test_a_valid_name_says_kind_version_and_description(
    filename: str, kind: Kind, version: str | None, description: str
) -> None:
    name = parse(filename, Naming())
    assert isinstance(name, Name)
    assert (name.kind, name.version and name.version.text, name.description) == (kind, version, description)


@pytest.mark.parametrize(
    "filename",
    [
        "V__x.sql", "V5_.sql", "Vx__a.sql", "V1a__x.sql", "B.sql", "R2__x.sql", "beforeMigrate_x.sql", "README.sql",
        "v3__x.sql", "V1..2__x.sql", "V_1__x.sql", "V 1__x.sql", "R.sql",
    ],
)  # fmt: skip
def test_a_name_flyway_skips_is_skipped_with_a_reason(filename: str) -> None:
    skipped = parse(filename, Naming())
    assert isinstance(skipped, Skipped)
    assert filename in skipped.reason


@pytest.mark.parametrize("filename", ["notes.txt", "V1__x.sql.conf", "deploy.sh", "V1__x.yml", "tool.py"])
def test_other_files_are_not_migrations(filename: str) -> None:
    assert parse(filename, Naming()) is None


def test_a_program_named_like_a_migration_is_told_apart() -> None:
    name = parse("V7__load.py", Naming())
    assert isinstance(name, Name)
    assert name.program


@pytest.mark.parametrize(
    ("naming", "filename", "version"),
    [
        (Naming(versioned="v"), "v3__x.sql", "3"),
        (Naming(versioned=""), "20170206205240748__x.sql", "20170206205240748"),
        (Naming(separator="_"), "V1_x.sql", "1"),
        (Naming(suffixes=(".sql", ".pkg", ".pkb")), "V4__x.pkb", "4"),
    ],
)
def test_teams_name_their_files_in_their_own_way(naming: Naming, filename: str, version: str) -> None:
    name = parse(filename, naming)
    assert isinstance(name, Name)
    assert name.version is not None
    assert name.version.text == version


@pytest.mark.parametrize(
    ("one", "other"), [("1", "01"), ("1", "1.0"), ("1", "1.0.0"), ("1.1", "1_1"), ("0", "0.0")]
)
def test_versions_are_equal_by_their_numbers(one: str, other: str) -> None:
    assert Version.parse(one) == Version.parse(other)
    assert hash(Version.parse(one)) == hash(Version.parse(other))


@pytest.mark.parametrize("text", ["1.", "_1", "1..2", "1.a", "", " ", "1 ", "a"])
def test_what_is_no_version_is_none(text: str) -> None:
    assert Version.parse(text) is None


def test_versions_sort_as_numbers() -> None:
    texts = ["1.10", "1.9", "1.2", "2", "1.2.1", "10", "9", "-7"]
    ordered = sorted(version for text in texts if (version := Version.parse(text)))
    assert [version.text for version in ordered] == ["-7", "1.2", "1.2.1", "1.9", "1.10", "2", "9", "10"]


def test_a_version_keeps_its_text() -> None:
    version = Version.parse("1_11_0")
    assert version is not None
    assert version.text == "1.11.0"


def test_descriptions_sort_as_java_sorts_them() -> None:
    assert sorted(["b", "aB", "a b", "A", "2", "10"], key=java_order) == ["10", "2", "A", "a b", "aB", "b"]
    assert sorted(["\uff21", "\U0001f600"], key=java_order) == ["\U0001f600", "\uff21"]
