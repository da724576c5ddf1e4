"""Broken and malicious changelogs: a clear error with file and line, and never a traceback, a hang or a look outside."""

import re
import shutil
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from midair.dialects.dialect import dialect_of
from midair.errors import BadMigration, MidairError
from midair.model.address import Product
from midair.model.migration import Direction
from midair.sources.source import Found, Options
from midair.sources.tools.liquibase import SOURCE
from midair.sources.tools.liquibase.project import liquibase_project
from midair.sources.tools.liquibase.scripts import Writing

from .recorded import GOLDEN

CORE = GOLDEN / "projects" / "core"
SEEDS = tuple(
    path.relative_to(CORE).as_posix()
    for path in sorted(CORE.rglob("*"))
    if path.suffix in (".xml", ".yaml", ".yml", ".json", ".sql")
    and not path.name.startswith(("script", "proc", "view"))
)
SECRET = "the-secret-outside-the-project"
PLACE = re.compile(r"[\w./@ -]+:\d+")
EVIL = (
    b"../../../../../../etc/passwd", b"/etc/passwd", b"file:///etc/passwd", b"classpath:../../x", b"\\..\\..\\x.xml",
    b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', b"&e;", b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<", b">",
    b'"', b"'", b"{", b"}", b"[", b"]", b":", b"- ", b"&a ", b"*a", b"<<: *a", b"!!python/object/apply:os.system ['id']",
    b"${a}", b"${a${b}", b"${", b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"\r", b"\t", b"9" * 400, b"-1", b"1e999", b"x" * 5000,
    b"[" * 300, b"(" * 300, b"<include file=\"changelog.xml\"/>", b"\n--changeset ", b"\n--rollback ", b"\n--ignoreLines:start\n",
    b"--precondition-sql-check", b"$$", b"/*", b"2020-99-99", b"true", b"null", b"~", b"0x", b"1:99:99", b"\xe2\x80\xae",
    b"<sql/>", b"<customChange class=\"x\"/>", b"<rollback changeSetId=\"1\"/>", b" runOrder=\"middle\" ", b"modifySql",
)  # fmt: skip
"""What people and attackers put where it does not belong."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A writable copy of the core project; a file with a secret stands beside it."""
    root = tmp_path_factory.mktemp("hostile")
    (root / "outside.xml").write_text(SECRET)
    shutil.copytree(CORE, root / "project", copy_function=shutil.copyfile)
    return root / "project"


def refusal(action: Callable[..., object], *arguments: object) -> str | None:
    """What one of our own errors says; any other goes on its way and fails the test."""
    try:
        action(*arguments)
    except MidairError as error:
        return error.message
    return None


def taken_through(root: Path, changelog: str) -> None:
    """Everything that is done with a changelog before a database is asked."""
    found = Found("liquibase", root, root / Path(changelog).parent, (changelog,))
    for product in (Product.POSTGRESQL, Product.SQLITE):
        project = SOURCE.read(found, Options(product=product, tool={"changeLogFile": changelog}))
        SOURCE.compare(project, ())
        writing = Writing(liquibase_project(project), dialect_of(product))
        for migration in project.migrations:
            for direction in Direction:
                said = refusal(writing.script, migration, direction)
                assert said is None or PLACE.search(said), said


def edits() -> st.SearchStrategy[list[tuple[float, int, bytes]]]:
    """Where (as a fraction of the file), how many bytes go, and what comes in their place."""
    payload = st.sampled_from(EVIL) | st.binary(max_size=4)
    return st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), payload), min_size=1, max_size=4)


def edited(data: bytes, changes: list[tuple[float, int, bytes]]) -> bytes:
    for place, gone, come in changes:
        at = round(place * len(data))
        data = data[:at] + come + data[at + gone :]
    return data


@contextmanager
def watched(root: Path) -> Generator[list[str]]:
    """Collects every file opened outside the project and every connection made; Python's own modules are let be."""
    _WATCHING.append((str(root), seen := []))
    try:
        yield seen
    finally:
        _WATCHING.pop()


_WATCHING: list[tuple[str, list[str]]] = []


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if not _WATCHING:
        return
    root, seen = _WATCHING[-1]
    if event == "open":
        name = str(arguments[0])
        if (
            name.startswith("/")
            and not name.startswith((root, sys.prefix, sys.base_prefix, "/usr/lib"))
            and "/site-packages/" not in name
            and "/src/midair/" not in name
        ):
            seen.append(name)
    elif event in (
        "socket.connect",
        "socket.getaddrinfo",
        "subprocess.Popen",
        "os.system",
        "os.exec",
        "urllib.Request",
    ):
        seen.append(f"{event} {arguments}")


sys.addaudithook(_hook)


def survives(folder: Path, seed: str, changes: list[tuple[float, int, bytes]]) -> None:
    """Takes one mutated changelog through everything; anything but our own errors fails."""
    original = (CORE / seed).read_bytes()
    (folder / seed).write_bytes(edited(original, changes))
    try:
        with watched(folder) as seen:
            said = refusal(taken_through, folder, seed)
        assert said is None or PLACE.search(said), f"no place in {said!r}"
        assert SECRET not in (said or "")
        assert not seen
    finally:
        (folder / seed).write_bytes(original)


COMMON = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@settings(COMMON, max_examples=500)
@given(seed=st.sampled_from(SEEDS), changes=edits())
def test_a_mutated_changelog_gives_a_clear_error_or_none(
    folder: Path, seed: str, changes: list[tuple[float, int, bytes]]
) -> None:
    survives(folder, seed, changes)


@pytest.mark.slow
@settings(COMMON, max_examples=5000)
@given(seed=st.sampled_from(SEEDS), changes=edits())
def test_five_thousand_mutated_changelogs_give_clear_errors_or_none(
    folder: Path, seed: str, changes: list[tuple[float, int, bytes]]
) -> None:
    survives(folder, seed, changes)


def read_alone(root: Path, files: dict[str, str]) -> Iterator[str]:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    name = next(iter(files))
    found = Found("liquibase", root, root, (name,))
    project = SOURCE.read(found, Options(product=Product.POSTGRESQL, tool={"changeLogFile": name}))
    writing = Writing(liquibase_project(project), dialect_of(Product.POSTGRESQL))
    for migration in project.migrations:
        yield from (each.sql for each in writing.script(migration, Direction.UP).statements)


ROOT = '<databaseChangeLog xmlns="http://www.liquibase.org/xml/ns/dbchangelog">%s</databaseChangeLog>'
SQL = "<changeSet id='1' author='a'><sql>{}</sql></changeSet>"
PAIRS = tuple(pairwise("abcdefghij"))
BOMB = (
    "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>"
    + "".join(f"<!ENTITY {after} '{f'&{before};' * 10}'>" for before, after in PAIRS)
    + "]>"
)
LAUGHS = (
    "a: &a [x, x]\n"
    + "".join(f"{after}: &{after} [{', '.join([f'*{before}'] * 10)}]\n" for before, after in PAIRS)
    + "databaseChangeLog:\n- changeSet: {id: 1, author: a, changes: *j}\n"
)


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"c.xml": '<!DOCTYPE x [<!ENTITY e SYSTEM "outside.xml">]>' + ROOT % SQL.format("&e;")}, r"c\.xml:1 "),
        ({"c.xml": '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">' + ROOT % ""}, r"c\.xml:1 "),
        ({"c.xml": BOMB + ROOT % SQL.format("&j;")}, r"c\.xml:1 "),
        ({"c.xml": ROOT % "<include file='../outside.xml'/>"}, r"c\.xml:1 .*outside the search path"),
        ({"c.xml": ROOT % "<changeSet id='1' author='a'><sqlFile path='../outside.xml'/></changeSet>"}, r"c\.xml:1 .*outside the search path"),
        ({"c.xml": ROOT % "\n<include file='c.xml'/>"}, r"c\.xml:2 .*includes it"),
        ({"c.xml": ROOT % ("<rollback>" * 150 + "</rollback>" * 150)}, r"c\.xml:\d+ .*(deep|depth)"),
        ({"c.yaml": "databaseChangeLog:\n- changeSet: !!python/object/apply:os.system ['id']\n"}, r"c\.yaml:2 "),
        ({"c.yaml": LAUGHS}, r"c\.yaml:\d+ "),
        ({"c.json": '{"databaseChangeLog": [{"include": {"file": "/../../outside.xml"}}]}'}, r"c\.json:1 "),
        ({"c.sql": "--liquibase formatted sql\n--changeset ann\nselect 1;\n"}, r"c\.sql:2 "),
    ],
)  # fmt: skip
def test_an_attack_or_a_mistake_is_refused_with_its_place(
    files: dict[str, str], says: str, tmp_path: Path
) -> None:
    (tmp_path / "outside.xml").write_text(SECRET)
    root = tmp_path / "project"
    root.mkdir()
    with watched(root) as seen, pytest.raises(MidairError, match=says) as caught:
        list(read_alone(root, files))
    assert SECRET not in caught.value.message
    assert not seen


def test_a_link_that_leads_out_of_the_project_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside.sql").write_text(f"--liquibase formatted sql\n--changeset a:1\nselect '{SECRET}';\n")
    root = tmp_path / "project"
    (root / "all").mkdir(parents=True)
    (root / "all" / "link.sql").symlink_to(tmp_path / "outside.sql")
    with pytest.raises(BadMigration, match=r"c\.xml:1 .*leads out of the search path by a link"):
        list(read_alone(root, {"c.xml": ROOT % "<includeAll path='all'/>"}))
