"""midair changes database schemas while the application keeps flying.

Takes the migrations a team already has, in the tool it already uses; gives a schema that reached
its newest migration, a journal of how, and the tool's own history table as that tool would have
written it. `midair.pipeline` is the product in one module; this module only names what programs
may rely on. Everything not named here may move.
"""

__version__ = "0.1.0"

# Type checkers read `__init__.pyi`; a test compares the two.
_PUBLIC = {
    "Address": "midair.model.address",
    "Applied": "midair.model.migration",
    "Direction": "midair.model.migration",
    "Done": "midair.model.outcome",
    "Event": "midair.model.event",
    "Found": "midair.sources.source",
    "MidairError": "midair.errors",
    "Migration": "midair.model.migration",
    "Plan": "midair.model.plan",
    "Product": "midair.model.address",
    "Project": "midair.sources.source",
    "Reporter": "midair.execution.services",
    "Request": "midair.pipeline",
    "RunRecord": "midair.journal.journal",
    "Secret": "midair.model.address",
    "Standing": "midair.model.migration",
    "State": "midair.model.migration",
    "Status": "midair.pipeline",
    "address_of": "midair.pipeline",
    "apply": "midair.pipeline",
    "detect": "midair.pipeline",
    "history": "midair.pipeline",
    "new": "midair.pipeline",
    "open_project": "midair.pipeline",
    "plan": "midair.pipeline",
    "repair": "midair.pipeline",
    "resume": "midair.pipeline",
    "rollback": "midair.pipeline",
    "stamp": "midair.pipeline",
    "status": "midair.pipeline",
}


def __getattr__(name: str) -> object:
    """Imports a public name when it is first used, so that `import midair` costs nothing (PEP 562)."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'midair' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PUBLIC[name]), name)
