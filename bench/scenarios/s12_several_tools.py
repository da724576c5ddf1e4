"""12: Real folders of golang-migrate, Alembic and Flyway on one database, applied at once while the application works.

Five migrations, three of them on one table. Whoever is first opens a gate; who comes later and touches the same table waits
and names it; who touches something else goes ahead. After each round the real tools say what they see; the old version starts afresh in the window.
"""

import os
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench.scenarios.application import Version, rows, running, seed, wrong
from bench.scenarios.engine import begun, done, ended
from bench.scenarios.life import felt_by, judged
from bench.scenarios.tools import TOOLS, Tool, installed
from bench.scenarios.world import Result, Scenario, World

_RENAME = "ALTER TABLE orders RENAME COLUMN total TO amount;"
_DROP = "ALTER TABLE orders DROP COLUMN note;"
MIGRATIONS = {
    "golang-migrate": ("CREATE TABLE stock (id int PRIMARY KEY, count int);", _RENAME),
    "alembic": (
        "CREATE TABLE audit (id int PRIMARY KEY, who text);", "ALTER TABLE audit RENAME COLUMN who TO actor;", _DROP,
    ),
    "flyway": (
        "CREATE TABLE ledger (id int PRIMARY KEY, sum int);", "ALTER TABLE ledger ALTER COLUMN sum TYPE bigint;",
        "CREATE INDEX orders_state ON orders (state);",
    ),
}  # fmt: skip
_OPEN = "SELECT tool, revision FROM midair.contract WHERE state = 'ready' ORDER BY ready_at"
_ROUNDS = 5
_GATE = 3


@dataclass
class _Project:
    """One tool's folder; `first` of its migrations were there before midair."""

    tool: Tool
    folder: Path
    over: bool = False
    said: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(MIGRATIONS[self.tool.name])


def run(here: World) -> Result:
    seed(here)
    result = Result()
    if not installed():
        result.facts["left out"] = "the real tools are not installed: scripts/install_peers.sh"
        return result
    projects = [_laid_out(here, each) for each in TOOLS]
    with felt_by(here, result):
        for number in range(_ROUNDS):
            result.begins(f"round {number + 1}")
            _round(here, projects, result, number)
            if all(each.over for each in projects):
                break
    result.expect("not everything was applied", holds=all(each.over for each in projects))
    for each in projects:
        wrong_about = each.tool.content(each.folder, here, each.count)
        result.expect(f"{each.tool.name} is not content: {wrong_about}", holds=not wrong_about)
    result.expect("a gate is open", holds=here.ask(_OPEN) == [])
    result.wrong += wrong(here, Version("new", total="amount", note=None))
    result.rows = rows(here)
    result.facts |= {f"waited, {each.tool.name}": "; ".join(each.said) for each in projects if each.said}
    return judged(here, result)


def _laid_out(here: World, tool: Tool) -> _Project:
    """The folder, with its first migration applied by the tool itself: its history table is the tool's own."""
    folder = here.folder / tool.name
    tool.lay_out(folder, MIGRATIONS[tool.name][:1], here.tcp)
    tool.up(folder, here).ok()
    tool.lay_out(folder, MIGRATIONS[tool.name], here.tcp)
    return _Project(tool, folder)


def _round(here: World, projects: list[_Project], result: Result, number: int) -> None:
    """All that is left at once; then the window with both versions; then every gate that is open is closed."""
    before = _names(here)
    with running(here, [before], result):
        _at_once(here, [each for each in projects if not each.over], result)
        _tools_see_what_is_ready(here, projects, result)
    after = _names(here)
    with running(here, [before], result), running(here, [after], result):  # the old one has started afresh
        time.sleep(here.size.seconds)
    open_gates = here.ask(_OPEN)
    result.facts[f"gates after round {number + 1}"] = ", ".join(
        f"{tool} {revision}" for tool, revision in open_gates
    )
    with running(here, [after], result):
        for each in projects:
            if any(tool in (each.tool.name, each.tool.name.replace("-", "_")) for tool, _ in open_gates):
                done(here, each.folder, "contract", result)


def _at_once(here: World, projects: list[_Project], result: Result) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = [open(Path(folder) / each.tool.name, "w+b", buffering=0) for each in projects]  # noqa: SIM115
        pids = [
            begun(here, each.folder, "apply", says=file.fileno())
            for each, file in zip(projects, files, strict=True)
        ]
        for each, pid, file in zip(projects, pids, files, strict=True):
            code = ended(pid)
            os.lseek(file.fileno(), 0, os.SEEK_SET)
            said = file.read().decode()
            file.close()
            each.over = code == 0
            if code:
                each.said.append(said.strip()[:150])
                result.expect(
                    f"{each.tool.name} ended with {code}: {said}", holds=code == _GATE and "ME222" in said
                )


def _tools_see_what_is_ready(here: World, projects: list[_Project], result: Result) -> None:
    """The history is the tool's own from the moment a migration is ready, gates open or not."""
    for each in projects:
        if each.over:
            wrong_about = each.tool.content(each.folder, here, each.count)
            result.expect(f"{each.tool.name} right after ready: {wrong_about}", holds=not wrong_about)


def _names(here: World) -> Version:
    """What a version that starts now would use: the newest names that are there."""
    columns = {str(name) for (name,) in here.ask(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attnum > 0 AND NOT attisdropped"
    )}  # fmt: skip
    dropped = here.ask("SELECT to_regclass('midair.contract') IS NOT NULL") == [(True,)] and any(
        tool == "alembic" and str(revision) == "a003" for tool, revision in here.ask(_OPEN)
    )
    total = "amount" if "amount" in columns else "total"
    return Version("shop", total=total, note=None if dropped or "note" not in columns else "note")


SCENARIO = Scenario("12", "several tools at once", "0 errors, 0 wrong rows, every real tool up to date", run)
