"""midair changes database schemas while the application keeps flying.

Takes the migrations a team already has, in the tool it already uses; gives a schema that reached
its newest migration, a journal of how, and the tool's own history table as that tool would have
written it. `midair.pipeline` is the product in one module; this module only names what programs
may rely on. Everything not named here may move.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from midair.errors import MidairError as MidairError
    from midair.model.migration import Direction as Direction
    from midair.model.migration import Migration as Migration
    from midair.model.plan import Plan as Plan

_PUBLIC = {
    "Direction": "midair.model.migration",
    "Migration": "midair.model.migration",
    "MidairError": "midair.errors",
    "Plan": "midair.model.plan",
}


def __getattr__(name: str) -> object:
    """Imports a public name when it is first used, so that `import midair` costs nothing (PEP 562)."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'midair' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PUBLIC[name]), name)
