"""The rehearsal's page in a real browser: no console error, nothing fetched, the key facts on the screen."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.peers.places import REPOSITORY, peer
from tests.rehearsal.test_rehearse_command import BAD, Page, command, project

pytestmark = pytest.mark.peers

_SHOTS = REPOSITORY / "build" / "screenshots"
_PNG = b"\x89PNG\r\n\x1a\n"


def _browse(page: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    """One visit by a browser that nobody else uses, without a sandbox because containers seldom allow one."""
    flags = (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--enable-logging=stderr",
        "--log-level=0",
    )
    profile = f"--user-data-dir={page.parent / 'browser'}"
    return subprocess.run(
        [peer("chromium"), *flags, profile, *words, page.as_uri()],
        capture_output=True,
        check=True,
        timeout=60,
        env=dict(os.environ) | {"HOME": str(page.parent)},
    )


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """The page of a project with one fault, with the same rehearsal as JSON beside it."""
    ran = command("rehearse", "-q", "-o", "json=r.json", "-o", "html=r.html", cwd=project(tmp_path, *BAD))
    assert ran.returncode == 1, ran.stderr
    return tmp_path / "r.html"


def test_the_page_opens_without_a_console_error_and_shows_verdict_findings_locks_and_proofs(
    page: Path,
) -> None:
    ran = _browse(page, "--dump-dom", "--virtual-time-budget=2000")
    said = ran.stderr.decode(errors="replace")
    assert "CONSOLE" not in said, said
    dom = Page(ran.stdout.decode())
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
    assert b"planted" in _browse(page, "--dump-dom", "--virtual-time-budget=2000").stderr


@pytest.mark.parametrize(("name", "size"), [("wide", "1280,1600"), ("phone", "390,1600")])
def test_a_screenshot_of_the_page_is_kept(page: Path, name: str, size: str) -> None:
    _SHOTS.mkdir(parents=True, exist_ok=True)
    shot = _SHOTS / f"rehearsal-{name}.png"
    shot.unlink(missing_ok=True)
    _browse(page, f"--screenshot={shot}", f"--window-size={size}")
    picture = shot.read_bytes()
    assert picture.startswith(_PNG)
    width, height = (int.from_bytes(picture[start : start + 4], "big") for start in (16, 20))
    assert (width, height) == tuple(int(each) for each in size.split(","))
    assert len(picture) > 20_000  # an empty page of this size packs into a tenth of it
