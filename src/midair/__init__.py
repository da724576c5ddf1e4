"""midair changes database schemas while the application keeps flying.

Takes the migrations a team already has, in the tool it already uses; gives a schema that reached
its newest migration, a journal of how, and the tool's own history table as that tool would have
written it. `midair.pipeline` is the product, one command a module; this module only names what programs
may rely on. Everything not named here may move.
"""

__version__ = "0.1.0"

# Type checkers read `__init__.pyi`; a test compares the two.
_PUBLIC = {
    "Address": "midair.model.address",
    "Applied": "midair.model.migration",
    "Checking": "midair.pipeline.check",
    "Direction": "midair.model.migration",
    "Done": "midair.model.outcome",
    "Event": "midair.model.event",
    "Finding": "midair.model.finding",
    "Found": "midair.sources.source",
    "MidairError": "midair.errors",
    "Migration": "midair.model.migration",
    "Pace": "midair.execution.services",
    "Plan": "midair.model.plan",
    "Product": "midair.model.address",
    "Project": "midair.sources.source",
    "Question": "midair.pipeline.check",
    "Reporter": "midair.execution.services",
    "Request": "midair.pipeline.request",
    "Risk": "midair.model.finding",
    "RunRecord": "midair.journal.journal",
    "Secret": "midair.model.address",
    "Standing": "midair.model.migration",
    "State": "midair.model.migration",
    "Status": "midair.pipeline.status",
    "address_of": "midair.pipeline.opening",
    "apply": "midair.pipeline.apply",
    "contract": "midair.pipeline.contract",
    "gates": "midair.pipeline.contract",
    "purge": "midair.pipeline.contract",
    "Standard": "midair.model.contract",
    "check": "midair.pipeline.check",
    "detect": "midair.pipeline.opening",
    "drift": "midair.pipeline.drift",
    "drop_all": "midair.pipeline.drop_all",
    "generate": "midair.pipeline.generate",
    "history": "midair.pipeline.status",
    "new": "midair.pipeline.new",
    "doctor": "midair.pipeline.doctor",
    "open_project": "midair.pipeline.opening",
    "pause": "midair.pipeline.pause",
    "plan": "midair.pipeline.plan",
    "rehearse": "midair.pipeline.rehearse",
    "repair": "midair.pipeline.repair",
    "resume": "midair.pipeline.apply",
    "rollback": "midair.pipeline.apply",
    "stamp": "midair.pipeline.stamp",
    "Rehearsed": "midair.model.trace",
    "Trial": "midair.pipeline.trial",
    "tag": "midair.pipeline.tag",
    "status": "midair.pipeline.status",
}


def __getattr__(name: str) -> object:
    """Imports a public name when it is first used, so that `import midair` costs nothing (PEP 562)."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'midair' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PUBLIC[name]), name)
