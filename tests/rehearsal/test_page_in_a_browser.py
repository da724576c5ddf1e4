"""The rehearsal's page in a real browser: no console error, nothing fetched, the key facts on the screen."""

import json
from pathlib import Path

import pytest

from tests.rehearsal.test_rehearse_command import BAD, Page, command, project
from tests.support.browsing import browse, opened_quietly, shot

pytestmark = pytest.mark.peers


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """The page of a project with one fault, with the same rehearsal as JSON beside it."""
    ran = command("rehearse", "-q", "-o", "json=r.json", "-o", "html=r.html", cwd=project(tmp_path, *BAD))
    assert ran.returncode == 1, ran.stderr
    return tmp_path / "r.html"


def test_the_page_opens_without_a_console_error_and_shows_verdict_findings_locks_and_proofs(
    page: Path,
) -> None:
    dom = Page(opened_quietly(page))
    text = " ".join(" ".join(dom.texts).split())
    report = json.loads(page.with_suffix(".json").read_text())["payload"]
    assert {"verdict", "migrations", "findings", "timeline", "locks", "proofs"} <= set(dom.ids)
    for finding in report["findings"]:
        assert finding["code"] in text
        assert finding["name"] in text
    for each in report["migrations"]:
        assert each["revision"] in text
    for step in report["steps"]:
        assert step["title"] in text
    assert "Not passed" in text
    assert "up again" in text


def test_a_console_error_would_be_seen(tmp_path: Path) -> None:
    page = tmp_path / "wrong.html"
    page.write_text("<!doctype html><script>throw new Error('planted')</script>")
    assert b"planted" in browse(page, "--dump-dom", "--virtual-time-budget=2000").stderr


@pytest.mark.parametrize(("name", "size"), [("wide", "1280,1600"), ("phone", "390,1600")])
def test_a_screenshot_of_the_page_is_kept(page: Path, name: str, size: str) -> None:
    shot(page, f"rehearsal-{name}", size)
