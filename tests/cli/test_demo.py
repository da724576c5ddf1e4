"""`midair demo`: with nothing but Python, the same migrations twice under load."""

import json
import os
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from midair.demo.load import Client, running
from midair.model.statement import Sql
from tests.conftest import Address, Server


def _demo(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "midair", "demo", "--folder", str(folder), *words],
        cwd=folder.parent,
        env=dict(os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


class _Page(HTMLParser):
    """What the page is made of, and every address it names."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        found = dict(attrs)
        self.ids += [found["id"]] if found.get("id") else []
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "data")]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """One small demo: its folder, with the page beside it, and its report."""
    folder = tmp_path_factory.mktemp("demo") / "shop"
    ran = _demo(folder, "--rows", "4000", "--seconds", "3", "--html", "demo.html", "-f", "json")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder, json.loads(ran.stdout)


def test_online_no_request_fails_and_as_written_the_old_version_breaks(
    shown: tuple[Path, dict[str, Any]],
) -> None:
    written, online = shown[1]["payload"]["flights"]
    assert (written["strategy"], online["strategy"]) == ("direct", "online")
    assert (written["exit_code"], online["exit_code"]) == (0, 0)
    assert online["failed"] == 0, online["refusals"]
    assert written["failed"] > 0
    assert any("mail does not exist" in each["reason"] for each in written["refusals"])


def test_the_figures_are_those_of_the_run(shown: tuple[Path, dict[str, Any]]) -> None:
    for flight in shown[1]["payload"]["flights"]:
        assert sum(each["requests"] for each in flight["slices"]) == flight["requests"]
        assert sum(each["failed"] for each in flight["slices"]) == flight["failed"]
        assert max(each["worst_ms"] for each in flight["slices"]) >= flight["migrating_worst_ms"] > 0
        marks = {each["name"]: each for each in flight["marks"]}
        assert {"apply", "deploy", "2", "3", "4", "5", "6"} <= marks.keys()
        assert ("contract" in marks) == (flight["strategy"] == "online")
        inside = [each for name, each in marks.items() if name.isdecimal()]
        assert all(marks["apply"]["began_s"] < each["began_s"] <= each["ended_s"] for each in inside)
        assert all(each["ended_s"] <= marks["apply"]["ended_s"] for each in inside)


def test_the_page_is_one_file_with_a_curve_for_each_run(shown: tuple[Path, dict[str, Any]]) -> None:
    folder, report = shown
    text = (folder.parent / "demo.html").read_text()
    page = _Page()
    page.feed(text)
    assert page.addresses == []
    assert "script" not in page.tags
    assert "prefers-color-scheme:dark" in text
    assert {"verdict", "figures", "refusals"} <= set(page.ids)
    charts = [f"<svg{part.partition('</svg>')[0]}</svg>" for part in text.split("<svg")[1:]]
    assert len(charts) == 2
    for chart, flight in zip(charts, report["payload"]["flights"], strict=True):
        tree = ElementTree.fromstring(chart)  # it is well-formed, as a reader of SVG wants it
        curve = next(each for each in tree if each.get("class") == "felt")
        assert len((curve.get("points") or "").split()) == len(flight["slices"]) + 2
        lost = [each for each in tree if each.get("class") == "lost"]
        assert len(lost) == sum(each["failed"] > 0 for each in flight["slices"])


def test_the_folder_stays_for_every_other_command(shown: tuple[Path, dict[str, Any]]) -> None:
    folder = shown[0]
    assert {path.suffix for path in folder.iterdir()} == {".sql", ".toml"}
    ran = subprocess.run(
        [sys.executable, "-m", "midair", "detect"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert "6 migrations, V1__shop.sql" in ran.stdout


def test_the_tour_runs_the_main_commands(tmp_path: Path) -> None:
    ran = _demo(tmp_path / "shop", "--tour")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    steps = [
        "$ midair detect",
        "6 pending",
        "$ midair plan",
        "applied 6 migrations",
        "flyway_schema_history, 6 rows",
        "rolled back 1",
        "applied 1",
    ]
    positions = [ran.stdout.index(step) for step in steps]
    assert positions == sorted(positions)
    assert {path.suffix for path in (tmp_path / "shop").iterdir()} == {".sql"}


def test_a_folder_that_is_there_already_is_refused(tmp_path: Path) -> None:
    ran = _demo(tmp_path)
    assert ran.returncode == 2
    assert "--folder" in ran.stderr
    assert "File exists" in ran.stderr


def test_a_stall_counts_for_every_request_that_was_due_in_it(database: Address) -> None:
    clients = [Client("steady", 50, lambda turn: (Sql("SELECT pg_sleep(%s)", (0.3 if turn == 5 else 0.0,)),))]
    with running(database, clients) as felt:
        time.sleep(0.6)
    late = [each.wait for each in felt.asked if each.wait > 0.1]
    assert len(late) > 5
    assert late[0] > late[4] > 0.1
    assert felt.failed == []


def test_what_is_refused_is_told_and_the_client_goes_on(database: Address) -> None:
    odd = Client("odd", 50, lambda turn: (Sql("SELECT 1"), Sql(f"SELECT {turn % 2}/{turn % 2}")))
    with running(database, [odd]) as felt:
        time.sleep(0.6)
    assert len(felt.failed) >= 5
    assert len(felt.asked) > len(felt.failed) >= len(felt.asked) // 2 - 1
    assert set(felt.failed) == {"odd: 22012 division by zero"}


def test_nobody_to_ask_is_a_failed_request(server: Server) -> None:
    with running(server.at("not_there"), [Client("lost", 50, lambda _: (Sql("SELECT 1"),))]) as felt:
        pass
    assert len(felt.failed) == 1
    assert "not_there" in felt.failed[0]
