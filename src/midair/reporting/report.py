"""What a command has to say, as values: every format reads the same report.

The field names of these classes are the names in JSON; fields are added within a
`FORMAT_VERSION`, never renamed.
"""

from datetime import datetime

from midair.model.ailment import Ailment
from midair.model.finding import Finding, Risk
from midair.model.frozen import frozen
from midair.model.migration import Applied, Standing
from midair.model.plan import Plan
from midair.reporting.demo import DemoPayload
from midair.reporting.drift import DriftPayload
from midair.reporting.rehearsal import RehearsalPayload

FORMAT_VERSION = 1


@frozen
class Failure:
    """An error: what happened, in which state that leaves the database, what to do next."""

    code: str
    message: str
    exit_code: int
    state: str | None = None
    hint: str | None = None
    problems: tuple["Failure", ...] = ()


@frozen
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


@frozen
class Detection:
    """What is here."""

    root: str
    projects: tuple[DetectedProject, ...]
    settings_file: str | None = None


@frozen
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
    changes: tuple["ChangeLine", ...] = ()
    """Where each change stands that is under way, waits, or has lately ended."""


@frozen
class ChangeLine:
    """One change. `phase`: expanding, backfilling, ready, contracted, archived, purged or undone."""

    revision: str
    phase: str
    summary: str
    since: datetime | None = None
    percent: int | None = None
    until: datetime | None = None


@frozen
class EvidenceLine:
    """One piece of evidence at a gate. `light`: green, red or missing."""

    probe: str
    light: str
    text: str


@frozen
class GateLine:
    """One open contract: since when, and the SQL that waits."""

    revision: str
    recipe: str
    summary: str
    age_s: float
    statements: tuple[str, ...]
    evidence: tuple[EvidenceLine, ...] = ()
    back: str = ""
    """What a rollback can bring back once these have run."""
    archives: bool = False
    """What they take away can be put aside."""


@frozen
class ContractPayload:
    """What was found at the gates, and what became of them. `done` is false when they were only looked at."""

    gates: tuple[GateLine, ...]
    done: bool
    run: str | None = None


@frozen
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


@frozen
class HistoryPayload:
    """What was done to a database, newest last: midair's runs, and the tool's own rows."""

    tool: str
    table: str
    runs: tuple[RunLine, ...]
    rows: tuple[Applied, ...]


@frozen
class PlanPayload:
    """What `apply` or `rollback` will do. `digest` is what an approval approves."""

    plan: Plan
    digest: str
    descriptions: tuple[tuple[str, str], ...] = ()
    """Revision and description, for each revision of the plan."""
    target: str | None = None
    keep_target: bool = False
    lock_wait_s: float | None = None
    """For how long one try stands in line for a lock that others would then wait behind."""


@frozen
class RunPayload:
    """What a writing command did."""

    result: str
    revisions: int
    run: str | None = None
    reason: str | None = None
    took_s: float | None = None
    lines: tuple[str, ...] = ()


@frozen
class LinesPayload:
    """What a small command did, a sentence each. `files` are what it wrote."""

    lines: tuple[str, ...]
    files: tuple[str, ...] = ()


@frozen
class DoctorPayload:
    """What is wrong with a database, most urgent first; empty when nothing is."""

    ailments: tuple[Ailment, ...]


@frozen
class Setting:
    """One effective setting and where it was found."""

    name: str
    value: str
    origin: str


@frozen
class SettingsPayload:
    """Every effective setting."""

    settings: tuple[Setting, ...]


@frozen
class Page:
    """The page of a code that midair prints."""

    code: str
    name: str
    text: str
    exit_code: int | None = None
    risk: Risk | None = None
    """Of a rule, where nothing special makes it more or less."""
    url: str | None = None
    """Where the project says that the page can be read."""


@frozen
class Checked:
    """One migration that was looked at. `online` is its risk when midair rewrites it."""

    revision: str
    path: str
    risk: Risk
    online: Risk
    description: str = ""
    not_seen: str | None = None
    """Why its statements, or some of them, were not looked at, or may not run at all."""
    partly: bool = False
    """Where that is so, those that are known were judged all the same."""

    @property
    def unseen(self) -> str:
        """The same as a phrase for people; empty where all was looked at."""
        if not self.not_seen:
            return ""
        return f"{'only partly' if self.partly else 'not'} looked at: {self.not_seen}"


@frozen
class CheckPayload:
    """What `check` found. `threshold` is the risk from which the answer is no, `None` for never.

    `online`: midair rewrites statements when it applies them here, so that what a recipe covers is
    a medium risk at most.
    """

    migrations: tuple[Checked, ...]
    findings: tuple[Finding, ...]
    threshold: Risk | None
    server_version: int | None = None
    catalog: str | None = None
    """Where the schema was read from; `None` when only the migrations were known."""
    excerpts: tuple[tuple[str, int, str], ...] = ()
    """(path, line, text) of the lines the findings point to."""
    online: bool = False
    rules: tuple[Page, ...] = ()
    """The rules that found something, each with the first line of its page."""
    warnings: tuple[str, ...] = ()
    """Sentences about what was passed over."""
    fixed: tuple[str, ...] = ()
    """Sentences about what `--fix` did."""
    risk: Risk = Risk.LOW
    """The worst of its migrations and of the findings about the project."""

    def fails(self, finding: Finding) -> bool:
        """Whether this finding alone makes the answer no."""
        return finding.counts and self.threshold is not None and self.weight(finding) >= self.threshold

    def weight(self, finding: Finding) -> Risk:
        """How much a finding weighs here."""
        return min(finding.risk, Risk.MEDIUM) if self.online and finding.recipe else finding.risk


@frozen
class LockLine:
    """A lock that others wait for. `blocks` says who: reads and writes, or writes."""

    table: str
    level: str
    blocks: str


@frozen
class DocumentStep:
    """One step of a plan with what it costs. `about_s` is `None` when a size is not known.

    `work` says what grows with a table, `transaction` which steps commit together.
    """

    number: int
    title: str
    phase: str
    transaction: str
    sql: tuple[str, ...]
    place: str | None = None
    locks: tuple[LockLine, ...] = ()
    work: tuple[str, ...] = ()
    about_s: float | None = 0.0


@frozen
class BackLine:
    """How one migration is undone; no SQL means that there is no way."""

    revision: str
    sql: tuple[str, ...]
    loses: tuple[str, ...] = ()


@frozen
class DocumentMigration:
    """One migration of a document."""

    revision: str
    description: str
    path: str


@frozen
class DocumentPayload:
    """A migration plan to be read, approved and kept. `space` in bytes; `lost` is what the plan itself destroys."""

    tool: str
    database: str
    environment: str | None
    strategy: str
    digest: str
    before: str | None
    migrations: tuple[DocumentMigration, ...]
    steps: tuple[DocumentStep, ...]
    check: CheckPayload
    back: tuple[BackLine, ...]
    lost: tuple[str, ...] = ()
    space: int = 0
    assumptions: str = ""
    """Where the estimates come from."""


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
    | DocumentPayload
    | RehearsalPayload
    | DriftPayload
    | DemoPayload
    | Failure
)


@frozen
class Report:
    """A command's answer. `next` holds the commands to type next, most useful first."""

    command: str
    payload: Payload
    started_at: datetime
    outcome: str = "ok"
    """`ok`, `no` (the answer is no), `failed`."""
    environment: str | None = None
    next: tuple[str, ...] = ()
