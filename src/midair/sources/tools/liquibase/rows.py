"""What a row of DATABASECHANGELOG says about a changeset (liquibase.md §6.2)."""

from midair.sources.tools.liquibase.fields import FIELDS
from midair.sources.tools.liquibase.model import Change, Changeset

_LONGEST = 250


def contexts_text(changeset: Changeset) -> str | None:
    """Every expression above it and its own, joined as Liquibase joins them; `None` for none."""
    parts = changeset.contexts
    if len(parts) == 1:
        return _in_parentheses(parts[0]) if " " in parts[0] or "," in parts[0] else parts[0]
    return " AND ".join(_in_parentheses(each) for each in parts) or None


def _in_parentheses(text: str) -> str:
    return f"({text})" if " " in text or "," in text else text


def labels_text(changeset: Changeset) -> str | None:
    """Inherited labels, then its own; `None` for none."""
    return ",".join(each for group in changeset.labels for each in group) or None


def description(changeset: Changeset) -> str:
    """Each change with its names, `empty` when there is none."""
    return cut("; ".join(_one(each) for each in changeset.changes) or "empty")


def cut(text: str) -> str:
    """A text as its column holds it."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def _one(change: Change) -> str:
    shown = [
        f"{name}={change.fields[name]}"
        for name in sorted(mark.rstrip("?#*") for mark in FIELDS[change.name])
        if name in change.fields and _is_named(name)
    ]
    return f"{change.name} {', '.join(shown)}" if shown else change.name


def _is_named(name: str) -> bool:
    lower = name.lower()
    if lower == "path":
        return True
    return lower.endswith("name") and "schema" not in lower and "catalog" not in lower
