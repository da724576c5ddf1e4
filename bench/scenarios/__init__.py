"""Acceptance scenarios: an application in two versions at work all through a change, and an oracle that knows every row.

`python -m bench.scenarios` runs each briefly, `--full` with a million rows and many kills. One file a scenario, each with
its `SCENARIO`; `world` is the database, `application` the two versions, `engine` midair in a process that can be
killed, `life` a change from before expand to after contract.
"""

from importlib import import_module
from pkgutil import iter_modules

from bench.scenarios.world import Scenario


def found(only: list[str] | None = None) -> tuple[Scenario, ...]:
    """Every scenario, or those with these numbers, in the order of their files."""
    modules = [
        import_module(f"{__name__}.{each.name}") for each in iter_modules(__path__) if each.name != "__main__"
    ]
    scenarios = [each.SCENARIO for each in modules if hasattr(each, "SCENARIO")]
    return tuple(each for each in scenarios if not only or each.number in only)
