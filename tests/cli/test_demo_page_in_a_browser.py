"""The demo's page in a real browser: no console error, nothing fetched, both curves and the verdict on the screen."""

import json
import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.support.browsing import opened_quietly, shot

pytestmark = pytest.mark.peers


class _Drawn(HTMLParser):
    """Texts, ids, addresses, and each chart with its label and how many points its curve has."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.labels: list[str] = []
        self.points: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.ids += [found["id"]] if "id" in found else []
        self.addresses += [found[name] for name in ("src", "href", "data") if name in found]
        if tag == "svg":
            self.labels.append(found.get("aria-label", ""))
        if found.get("class") == "felt":
            self.points.append(len(found.get("points", "").split()))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of one small demo, with its report as JSON beside it."""
    folder = tmp_path_factory.mktemp("demo")
    words = ("--folder", "shop", "--rows", "4000", "--seconds", "3", "--html", "demo.html", "-f", "json")
    ran = subprocess.run(
        [sys.executable, "-m", "midair", "demo", *words],
        cwd=folder,
        env=dict(os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (folder / "demo.json").write_text(ran.stdout)
    return next(folder.rglob("demo.html"))


def test_the_page_opens_without_a_console_error_and_shows_what_the_application_felt(page: Path) -> None:
    drawn = _Drawn()
    drawn.feed(opened_quietly(page))
    text = " ".join(" ".join(drawn.texts).split())
    report: dict[str, Any] = json.loads(next(page.parent.rglob("demo.json")).read_text())
    flights = report["payload"]["flights"]
    assert "verdict" in drawn.ids
    assert [each for each in drawn.addresses if not each.startswith("#")] == []
    for flight in flights:
        assert f"{flight['failed']} failed" in text
        assert any(f"{flight['failed']} requests failed" in label for label in drawn.labels)
    assert len(drawn.points) >= len(flights) == 2
    assert min(drawn.points) > 5


@pytest.mark.parametrize(("name", "size"), [("wide", "1280,1600"), ("phone", "390,1600")])
def test_a_screenshot_of_the_page_is_kept(page: Path, name: str, size: str) -> None:
    shot(page, f"demo-{name}", size)
