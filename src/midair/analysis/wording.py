"""Phrases several rules share."""

from collections.abc import Iterable

from midair.model.effects import LockLevel


def said(level: LockLevel, table: str) -> str:
    """`ACCESS EXCLUSIVE on orders (reads and writes wait)`."""
    return f"{level} on {table} ({level.blocked} wait)" if level.blocks_writes else f"{level} on {table}"


def counted(number: int, noun: str) -> str:
    """`1 statement`, `3 statements`."""
    return f"{number} {noun if number == 1 else noun + 's'}"


def listed(names: Iterable[str]) -> str:
    """`a, b and c`."""
    words = list(names)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else "nothing"
