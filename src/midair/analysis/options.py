"""What a project decides about `check`: frozen, handed in by the caller."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Allowance:
    """`midair: allow MA104 because …` in a file: the codes, the reason, the line it stands on.

    `whole_file` for `allow-file`. An empty reason does not count, and is a finding itself.
    """

    codes: tuple[str, ...]
    reason: str
    line: int
    whole_file: bool = False


@dataclass(frozen=True, slots=True)
class Options:
    """Codes may be prefixes (`MA1` is a family) or rule names.

    `select` turns on rules that are off by default. `per_path` maps path patterns to ignored codes.
    `allowances` maps a path to what its comments allow. `baseline` holds fingerprints of findings
    known when the project began to use `check`. `plan_scope`: tables made by any pending migration
    count as new in later ones, because the whole plan runs at once. `busy` are tables where every
    strong lock needs a person's word. `named` is a pattern new constraint and index names must match.
    """

    ignore: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    per_path: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    allowances: Mapping[str, tuple[Allowance, ...]] = field(default_factory=dict[str, tuple[Allowance, ...]])
    baseline: frozenset[str] = frozenset()
    plan_scope: bool = False
    small_rows: int = 10_000
    small_bytes: int = 8 * 1024 * 1024
