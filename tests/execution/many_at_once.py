"""Processes that apply one project to one database, all started at once, and which of them may do it."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.conftest import url_of
from tests.support.holding import holding, until

from midair.model.address import Address

_DEADLINE_S = 120.0
_IN_THE_WAY = "UPDATE orders SET note = 'x' WHERE id = 1"
"""A transaction that wrote to the table: no index build and no strong lock gets past it."""


def one_works_and_the_others_name_it(root: Path, database: Address, number: int) -> None:
    """With something in the way of the one that works, the others leave with its name; then it comes to its end."""
    with holding(database, _IN_THE_WAY):
        processes = _started(root, database, number)
        owner = _only_one_left(processes)
        others = [each for each in processes if each is not owner]
        said = [each.communicate(timeout=_DEADLINE_S)[0] for each in others]
    assert [each.returncode for each in others] == [3] * (number - 1), said
    named = rf"ME219 another midair run is at work .*pid \d+ \(midair {owner.pid}@{re.escape(socket.gethostname())}.*, since 2\d\d\d-"
    assert all(re.search(named, each) for each in said), said
    told = owner.communicate(timeout=_DEADLINE_S)[0]
    assert told
    assert owner.returncode == 0, told


def one_works_and_the_others_wait(root: Path, database: Address, number: int, what: str) -> None:
    """One says that it did `what`, and each of those that waited for it finds nothing to do."""
    processes = _started(root, database, number, "--wait", "100s")
    said = [each.communicate(timeout=_DEADLINE_S)[0] for each in processes]
    assert [each.returncode for each in processes] == [0] * number, said
    assert sum(what in each for each in said) == 1, said
    assert sum("nothing to do" in each for each in said) == number - 1, said


def _started(root: Path, database: Address, number: int, *words: str) -> list[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "midair", "apply", "-C", str(root), "--url", url_of(database).reveal()]
    return [
        subprocess.Popen(
            [*command, "--strategy", "online", "--no-input", *words],
            env=dict(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(number)
    ]


def _only_one_left(processes: Sequence[subprocess.Popen[str]]) -> subprocess.Popen[str]:
    until(lambda: sum(each.poll() is None for each in processes) <= 1, _DEADLINE_S)
    left = [each for each in processes if each.poll() is None]
    assert left, [each.communicate()[0] for each in processes]
    return left[0]
