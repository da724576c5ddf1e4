"""7: A new version that would start before ready is stopped by the deploy hook, and let through afterwards."""

import subprocess
import sys
from pathlib import Path

from bench.scenarios.application import seed
from bench.scenarios.engine import done
from bench.scenarios.world import Result, Scenario, World

MIDAIR = Path(sys.executable).with_name("midair")


def run(here: World) -> Result:
    seed(here)
    result, root = Result(), here.project("ALTER TABLE orders RENAME COLUMN total TO amount;")
    early = _hook(here, root, "--wait", "0")
    done(here, root, "apply", result)
    ready, contracted = _hook(here, root, "--wait"), _hook(here, root, at_least="contract")
    done(here, root, "contract", result)
    over = _hook(here, root, at_least="contract")
    result.facts["exit codes"] = (
        f"{early} before, {ready} at ready, {contracted} for contract, {over} after it"
    )
    result.expect("the hook let the new version through too early", holds=early == 1)
    result.expect("the hook did not let it through", holds=(ready, contracted, over) == (0, 1, 0))
    return result


def _hook(here: World, root: Path, *wait: str, at_least: str = "expand") -> int:
    asked = ["status", "--check", "--at-least", at_least, *wait, "--url", here.url, "-C", str(root)]
    return subprocess.run([MIDAIR, *asked], capture_output=True, check=False).returncode


SCENARIO = Scenario("7", "early new version", "the deploy hook fails until ready", run)
