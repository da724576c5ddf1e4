"""What a command has to say, as values: every format reads the same report.

The field names of these classes are the names in JSON; fields are added within a
`FORMAT_VERSION`, never renamed.
"""

from dataclasses import dataclass
from datetime import datetime

from midair.model.ailment import Ailment
from midair.model.finding import Finding, Risk
from midair.model.migration import Applied, Standing
from midair.model.plan import Plan

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class Failure:
    """An error: what happened, in which state that leaves the database, what to do next."""

    code: str
    message: str
    exit_code: int
    state: str | None = None
    hint: str | None = None
    problems: tuple["Failure", ...] = ()


@dataclass(frozen=True, slots=True)
class DetectedProject:
    """One project that was recognised. `path` and `marks` are relative to where the command looked."""

    tool: str
    path: str
    marks: tuple[str, ...]
    config: str | None = None
    migrations: int | None = None
    heads: tuple[str, ...] = ()
    database: str | None = None
    database_origin: str | None = None
    problem: str | None = None
    """Why its migrations could not be read."""


@dataclass(frozen=True, slots=True)
class Detection:
    """What is here."""

    root: str
    projects: tuple[DetectedProject, ...]
    settings_file: str | None = None


@dataclass(frozen=True, slots=True)
class StatusPayload:
    """Where a database stands. `reached` is false when only the files could be asked; then `why_not` says why."""

    tool: str
    folder: str
    database: str | None
    server: str | None
    reached: bool
    standings: tuple[Standing, ...]
    why_not: Failure | None = None
    problem: Failure | None = None
    """What keeps the tool, and midair, from going on."""
    unfinished: tuple[str, ...] = ()
    """Steps of a run that was cut off, oldest first."""
    warnings: tuple[str, ...] = ()
    waiting: tuple["GateLine", ...] = ()
    """Migrations that are recorded and not contracted yet, oldest first."""


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """One piece of evidence at a gate. `light`: green, red or missing."""

    probe: str
    light: str
    text: str


@dataclass(frozen=True, slots=True)
class GateLine:
    """One open contract: since when, and the SQL that waits."""

    revision: str
    recipe: str
    summary: str
    age_s: float
    statements: tuple[str, ...]
    evidence: tuple[EvidenceLine, ...] = ()


@dataclass(frozen=True, slots=True)
class ContractPayload:
    """What was found at the gates, and what became of them. `done` is false when they were only looked at."""

    gates: tuple[GateLine, ...]
    done: bool
    run: str | None = None


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run from the journal. `state`: running, done, failed, stopped or interrupted."""

    run: str
    state: str
    direction: str
    strategy: str
    revisions: int
    started_at: datetime | None = None
    took_s: float | None = None
    who: str | None = None
    host: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class HistoryPayload:
    """What was done to a database, newest last: midair's runs, and the tool's own rows."""

    tool: str
    table: str
    runs: tuple[RunLine, ...]
    rows: tuple[Applied, ...]


@dataclass(frozen=True, slots=True)
class PlanPayload:
    """What `apply` or `rollback` will do. `digest` is what an approval approves."""

    plan: Plan
    digest: str
    descriptions: tuple[tuple[str, str], ...] = ()
    """Revision and description, for each revision of the plan."""
    target: str | None = None
    keep_target: bool = False


@dataclass(frozen=True, slots=True)
class RunPayload:
    """What a writing command did."""

    result: str
    revisions: int
    run: str | None = None
    reason: str | None = None
    took_s: float | None = None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LinesPayload:
    """What a small command did, a sentence each. `files` are what it wrote."""

    lines: tuple[str, ...]
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DoctorPayload:
    """What is wrong with a database, most urgent first; empty when nothing is."""

    ailments: tuple[Ailment, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """One effective setting and where it was found."""

    name: str
    value: str
    origin: str


@dataclass(frozen=True, slots=True)
class SettingsPayload:
    """Every effective setting."""

    settings: tuple[Setting, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """The page of a code that midair prints."""

    code: str
    name: str
    text: str
    exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """One migration that was looked at. `online` is its risk when midair rewrites it."""

    revision: str
    path: str
    risk: Risk
    online: Risk
    description: str = ""
    not_seen: str | None = None
    """Why its statements were not looked at."""


@dataclass(frozen=True, slots=True)
class CheckPayload:
    """What `check` found. `threshold` is the risk from which the answer is no."""

    migrations: tuple[Checked, ...]
    findings: tuple[Finding, ...]
    threshold: Risk
    server_version: int | None = None
    catalog: str | None = None
    """Where the schema was read from; `None` when only the migrations were known."""
    excerpts: tuple[tuple[str, int, str], ...] = ()
    """(path, line, text) of the lines the findings point to."""

    @property
    def risk(self) -> Risk:
        """The worst of its migrations and of the findings about the project."""
        return max((each.risk for each in self.findings if each.counts), default=Risk.LOW)


Payload = (
    Detection
    | StatusPayload
    | HistoryPayload
    | PlanPayload
    | RunPayload
    | LinesPayload
    | DoctorPayload
    | ContractPayload
    | SettingsPayload
    | Page
    | CheckPayload
    | Failure
)


@dataclass(frozen=True, slots=True)
class Report:
    """A command's answer. `next` holds the commands to type next, most useful first."""

    command: str
    payload: Payload
    started_at: datetime
    outcome: str = "ok"
    """`ok`, `no` (the answer is no), `failed`."""
    environment: str | None = None
    next: tuple[str, ...] = ()
