"""Migrations with one known fault each: the rehearsal finds it by its right name, and nothing in its mended twin."""

from dataclasses import dataclass
from pathlib import Path

import pytest

import midair
from midair.model.trace import Rehearsed
from midair.pipeline.trial import Trial
from midair.rehearsal.server import Server
from midair.rehearsal.verdicts import VERDICTS
from tests.conftest import url_of

FILES = sorted((Path(__file__).parent / "defects").glob("*.sql"))
QUICK = (
    "forgotten_index",
    "lossy_downgrade",
    "not_null_on_existing_rows",
    "truncating_type_change",
    "default_lost",
)
"""These run in the default suite; the others take the same way."""
CASES = [
    pytest.param(path, id=path.stem, marks=() if path.stem in QUICK else pytest.mark.slow) for path in FILES
]


@dataclass(frozen=True)
class Case:
    """One file: what is there before, the faulty migration, its twin, and the codes the fault has."""

    finds: frozenset[str]
    parts: dict[str, str]


def case_of(path: Path) -> Case:
    first, *lines = path.read_text().splitlines()
    parts: dict[str, list[str]] = {}
    part: list[str] = []
    for line in lines:
        if line.startswith("-- "):
            part = parts.setdefault(line.removeprefix("-- "), [])
        else:
            part.append(line)
    codes = first.removeprefix("-- finds: ").split()
    return Case(frozenset(codes), {name: "\n".join(text) + "\n" for name, text in parts.items()})


def rehearsed(root: Path, server: Server, before: str, up: str, down: str) -> Rehearsed:
    folder = root / "migrations"
    folder.mkdir()
    (folder / "000001_before.up.sql").write_text(before)
    (folder / "000002_change.up.sql").write_text(up)
    (folder / "000002_change.down.sql").write_text(down)
    request = midair.Request(root, scratch_url=url_of(server.admin))
    return midair.rehearse(request, Trial(from_empty=True, each=True))


@pytest.mark.parametrize("path", CASES)
def test_a_planted_defect_is_found_by_its_right_name(path: Path, tmp_path: Path, server: Server) -> None:
    case = case_of(path)
    found = rehearsed(tmp_path, server, case.parts["before"], case.parts["up"], case.parts["down"])
    assert {each.code for each in found.findings} == case.finds, [str(each) for each in found.findings]
    assert {each.revision for each in found.findings} == {"2"}


@pytest.mark.parametrize("path", CASES)
def test_nothing_is_found_in_the_mended_twin(path: Path, tmp_path: Path, server: Server) -> None:
    parts = case_of(path).parts
    up, down = parts.get("mended up", parts["up"]), parts.get("mended down", parts["down"])
    found = rehearsed(tmp_path, server, parts["before"], up, down)
    assert [f"{each.code} {each.message}" for each in found.findings] == []
    assert all(proof.passed is not False for proof in found.proofs), found.proofs


def test_there_are_enough_planted_defects_and_every_code_they_name_exists() -> None:
    named = {code for path in FILES for code in case_of(path).finds}
    assert len(FILES) >= 25
    assert named <= {each.code for each in VERDICTS}
