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
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    """Patterns of names by kind of object (`table`, `column`, `index`, `foreign_key`, …): whole names, without quotes."""
    busy_tables: tuple[str, ...] = ()
    """Tables the project knows to be busy, beside those whose server says so."""
    busy_per_s: float = 20.0
    """Scans and changed rows a second from which a table is busy, where the server counts them."""
    large_bytes: int = 1024**3
    """What a single statement may write before somebody should have looked at the disk."""
    pooled: bool = False
    """The project's connection goes through a pooler that gives each transaction another session."""
    tool_settings: Mapping[str, str] = field(default_factory=dict[str, str])
    """The tool's own settings in force, as its source tells them."""
    release: int | None = None
    """The server's release as it says it itself (140002), where one was asked."""
    changed_files: frozenset[str] = frozenset()
    """What git says was changed together with the migrations, themselves among it; empty where nobody asked."""
    required_columns: tuple[str, ...] = ()
    """Columns that every table of the project has."""
    today: date | None = None
