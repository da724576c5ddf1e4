"""5: The server is shut down like a pulled plug while midair is at work, three times in each command; nothing is lost or done twice.

No application works meanwhile, for its own connections end as well.
"""

import random
import time
from dataclasses import replace
from pathlib import Path

from bench.scenarios.application import wrong
from bench.scenarios.engine import begun, done, ended
from bench.scenarios.life import OLD
from bench.scenarios.s05_kills import CHANGES, MOST_ROWS, Change
from bench.scenarios.world import Result, Scenario, World, fresh_server, summed, world
from tests.support.restarts import Restartable

_LASTING = ("synchronous_commit=on", "full_page_writes=on")
"""A commit that was answered must outlive the restart."""
_A_COMMAND = 3


def run(here: World) -> Result:
    size = replace(here.size, rows=min(here.size.rows, MOST_ROWS))
    changes = CHANGES if size.timed else CHANGES[-3:-2]
    results: list[Result] = []
    with fresh_server(None, *_LASTING) as server:
        restartable = Restartable(server)
        try:
            for change in changes:
                with world(server, size) as own:
                    results.append(_unplugged(own, restartable, change))
        finally:
            restartable.stop()
    return summed(results)


def _unplugged(here: World, server: Restartable, change: Change) -> Result:
    change.seeding(here)
    result, root = Result(rows=here.size.rows), here.project(change.sql, back=change.back)
    _through(here, server, root, "apply", result)
    result.wrong += wrong(here, change.new)
    _through(here, server, root, "rollback", result)
    result.wrong += wrong(here, OLD)
    done(here, root, "apply", result)
    if change.gated:
        _through(here, server, root, "contract", result)
    result.wrong += wrong(here, change.new)
    result.expect(f"{result.wrong} wrong rows", holds=not result.wrong)
    result.facts[f"server restarts in {change.name}"] = str(result.kills)
    return result


def _through(here: World, server: Restartable, root: Path, command: str, result: Result) -> None:
    """The command to its end, with the server gone up to three times on the way."""
    luck = random.Random(f"{command} {result.kills}")
    for _ in range(_A_COMMAND):
        pid = begun(here, root, command)
        time.sleep(0.02 + luck.random() * 0.25)
        server.restart()
        server.wait()
        code = ended(pid)
        result.kills += code != 0
        if code == 0:
            break
    else:
        done(here, root, command, result, kills=0)


SCENARIO = Scenario("5", "server restarts", "0 wrong rows, every command completes", run)
