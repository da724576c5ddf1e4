"""What a project decides about `check`: frozen, handed in by the caller."""

from collections.abc import Mapping
from dataclasses import field
from datetime import date

from midair.model.finding import Risk
from midair.model.frozen import frozen


@frozen
class Allowance:
    """`midair: allow MA104 because … (until 2027-01-31)` in a file: the codes, the reason, the line it stands on.

    `whole_file` for `allow-file`. Without a reason, or after the day `until`, it does not count, and is
    a finding itself.
    """

    codes: tuple[str, ...]
    reason: str
    line: int
    whole_file: bool = False
    until: date | None = None


@frozen
class Options:
    """Codes may be prefixes (`MA1` is a family) or rule names.

    `select` turns on rules that are off by default. `per_path` maps path patterns to ignored codes.
    `allowances` maps a path to what its comments allow. `baseline` holds fingerprints of findings
    known when the project began to use `check`. `plan_scope`: tables made by any pending migration
    count as new in later ones, because the whole plan runs at once. `risks` maps codes to the risk the
    project gives them instead of ours. `tool` is the project's, empty when unknown: remedies are
    said in its words. `today` decides which allowances have run out; with `None` all count.
    """

    ignore: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    per_path: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    allowances: Mapping[str, tuple[Allowance, ...]] = field(default_factory=dict[str, tuple[Allowance, ...]])
    baseline: frozenset[str] = frozenset()
    plan_scope: bool = False
    small_rows: int = 10_000
    small_bytes: int = 8 * 1024 * 1024
    risks: Mapping[str, Risk] = field(default_factory=dict[str, Risk])
    tool: str = ""
    today: date | None = None
