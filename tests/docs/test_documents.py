"""The generated pages say what the code says, and links lead somewhere."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent.parent


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "generate_docs", REPOSITORY / "scripts" / "generate_docs.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATOR = _generator()


@pytest.mark.parametrize("name", GENERATOR.PAGES)
def test_a_generated_page_is_fresh(name: str) -> None:
    assert (REPOSITORY / name).read_text() == GENERATOR.page(name), "run `make docs`"


def _documents() -> list[Path]:
    return [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")]


@pytest.mark.parametrize("path", _documents(), ids=lambda path: path.name)
def test_relative_links_lead_to_files(path: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_readme_begins_with_what_it_does_and_two_commands() -> None:
    text = (REPOSITORY / "README.md").read_text()
    first_block = text.split("```")[1]
    assert [line.split("#")[0].strip() for line in first_block.strip().splitlines()] == [
        "make demo",
        "make test",
    ]


def test_the_readme_shows_a_real_transcript() -> None:
    text = (REPOSITORY / "README.md").read_text()
    assert "$ midair apply\n" in text
    assert re.search(r"applied \d+ migrations in .* \(run [0-9a-f]{12}\)", text)


def test_every_target_of_the_makefile_that_documents_name_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    named = {
        name
        for path in _documents()
        for name in re.findall(r"(?:^|`)make ([a-z]+)", path.read_text(), re.MULTILINE)
    }
    assert named <= targets
