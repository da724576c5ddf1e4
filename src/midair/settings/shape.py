"""What `midair.toml` may hold: the one list of settings, their meaning and their defaults.

The reference page, the flags' help and the check for unknown names are all made from it.
"""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from midair.settings.duration import Duration


class Strategy(StrEnum):
    """How migrations are run. `online`: in steps that stop nobody. `direct`: statements as written, in the tool's own transactions."""

    ONLINE = "online"
    DIRECT = "direct"


class Threshold(StrEnum):
    """The risk from which `check` answers no."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    NEVER = "never"


class RiskName(StrEnum):
    """How a rule's findings are to be weighed."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class NamedKind(StrEnum):
    """What has a name that can follow a convention."""

    TABLE = "table"
    VIEW = "view"
    COLUMN = "column"
    INDEX = "index"
    PRIMARY_KEY = "primary_key"
    FOREIGN_KEY = "foreign_key"
    UNIQUE = "unique"
    CHECK = "check"
    EXCLUDE = "exclude"


class Adjustable(Struct, forbid_unknown_fields=True, kw_only=True):
    """Settings that may stand at the top level, in an environment, in `MIDAIR_…` variables and as flags."""

    url: Annotated[
        str | None,
        Meta(description="The target database's address; `${…}` is expanded.", extra={"secret": True}),
    ] = None
    url_file: Annotated[
        str | None, Meta(description="A file that holds the address, for a URL with a password in it.")
    ] = None
    password_file: Annotated[
        str | None, Meta(description="A file that holds the password; it goes with any `url`.")
    ] = None
    protected: Annotated[
        bool | None,
        Meta(
            description="Writing asks for the environment's name to be typed, or an approved plan. Default: false."
        ),
    ] = None
    strategy: Annotated[
        Strategy | None,
        Meta(
            description="`online`: in steps that stop nobody. `direct`: as written, in the tool's own transactions."
            " Default: online, and direct where the database is on this machine."
        ),
    ] = None
    lock_wait: Annotated[
        Duration | None,
        Meta(
            description="Nobody queues behind us longer than this; then we let go and try again. Default: 50ms."
        ),
    ] = None
    lock_budget: Annotated[
        Duration | None, Meta(description="How long to keep trying for a lock. Default: 10min.")
    ] = None
    terminate_blockers_older_than: Annotated[
        Duration | None,
        Meta(
            description="End sessions whose transaction has been in the way of a lock for longer than this. Default: never."
        ),
    ] = None
    workers: Annotated[
        Annotated[int, Meta(ge=1, le=32)] | None,
        Meta(
            description="Sessions that work on one statement in batches at the same time. Default: 1.",
        ),
    ] = None
    batch_time: Annotated[
        Duration | None,
        Meta(
            description="How long one batch should take; a writer may wait as long for a row in it. Default: 10ms."
        ),
    ] = None
    duty: Annotated[
        Annotated[float, Meta(ge=1, le=100)] | None,
        Meta(description="How much of the time batches may fill, in percent. Default: 100."),
    ] = None
    health_sql: Annotated[
        str | None,
        Meta(
            description="A query like those of your application, asked all the time while batches run: where it takes longer than before too often, they rest. Default: none."
        ),
    ] = None
    slowdown: Annotated[
        Annotated[float, Meta(gt=1)] | None,
        Meta(
            description="How many times what 99 in 100 answers to `health_sql` did not exceed makes a slow one; one in a hundred may be slow. Default: 1.5."
        ),
    ] = None
    max_wal_mb: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(
            description="The most log that the server should write a second, by anybody, in MiB: batches rest from 60 % of it on. Default: no limit."
        ),
    ] = None
    throttle: Annotated[
        bool | None,
        Meta(
            description="Batches give way when standbys fall behind, sessions wait, or dead rows gather. Default: true."
        ),
    ] = None
    small_table_mb: Annotated[
        Annotated[float, Meta(ge=0)] | None,
        Meta(
            description="Strategy `online` takes statements as written where every table they work through is at most this large, in MiB:"
            " a server reads as much in some milliseconds. 0: only empty tables. Default: 1.",
        ),
    ] = None
    gate_age: Annotated[
        Duration | None,
        Meta(
            description="How long a migration must have been ready before `contract`: longer than the longest sleep of a nightly job. Default: 0s."
        ),
    ] = None
    gate_quiet: Annotated[
        Duration | None,
        Meta(
            description="How long nobody may have used the old shape, where a tripwire notes it. Default: 30min."
        ),
    ] = None
    archive: Annotated[
        Duration | None,
        Meta(
            description="`contract` puts what it takes away aside for so long, where it can; `contract --purge` drops it then. Default: nothing is kept."
        ),
    ] = None
    statement_timeout: Annotated[
        Duration | None, Meta(description="The longest one statement may run. Default: no limit.")
    ] = None
    wait: Annotated[
        Duration | None,
        Meta(
            description="How long to wait while another run, or the tool itself, is at work. Default: 0s, which refuses."
        ),
    ] = None
    scratch: Annotated[
        str | None,
        Meta(
            description="A server for throwaway databases, instead of the embedded PostgreSQL.",
            extra={"secret": True},
        ),
    ] = None
    fail_on: Annotated[
        Threshold | None,
        Meta(
            description="The risk from which `check` exits with 1: `low`, `medium`, `high` or `never`. Default: high."
        ),
    ] = None
    python: Annotated[
        str | None,
        Meta(description="The project's own interpreter, for tools whose migrations are Python programs."),
    ] = None
    tool: Annotated[
        str | None, Meta(description="Which tool's project is meant, where several are found in one folder.")
    ] = None


class ProjectEntry(Struct, forbid_unknown_fields=True, kw_only=True):
    """One of several projects under one `midair.toml`, chosen with `-C NAME` or `-C PATH`."""

    path: Annotated[str, Meta(description="The project's folder, relative to this file.")]
    name: Annotated[str | None, Meta(description="What `-C` may call it.")] = None
    tool: Annotated[str | None, Meta(description="Its tool, where the folder holds several.")] = None
    options: Annotated[
        dict[str, object] | None,
        Meta(description="Options of the tool, as in `[tools.NAME]`, for this project alone."),
    ] = None


class RulesTable(Struct, forbid_unknown_fields=True, kw_only=True):
    """`[rules]`: what `check` looks for. A rule is named by its code, its name, or the beginning of a code (`MA1`: a family)."""

    ignore: Annotated[
        list[str] | None,
        Meta(description="Rules whose findings do not count; reports still say how many there were."),
    ] = None
    select: Annotated[list[str] | None, Meta(description="Rules that are off by default.")] = None
    risk: Annotated[
        dict[str, RiskName] | None,
        Meta(description='`[rules.risk]`: the risk of a rule\'s findings here, as in `MA205 = "low"`.'),
    ] = None
    per_path: Annotated[
        dict[str, list[str]] | None,
        Meta(
            description='`[rules.per-path]`: rules to ignore in files that match, as in `"migrations/legacy/*" = ["MA1"]`; `*` also goes through folders.'
        ),
    ] = None
    baseline: Annotated[
        str | None,
        Meta(
            description="A file of findings that were there before; relative to this file. See `check --baseline`."
        ),
    ] = None
    small_rows: Annotated[
        int | None,
        Meta(
            description="A table with fewer rows, where the server says so, is small: what grows with it is no high risk. Default: 10000.",
            ge=0,
        ),
    ] = None
    help_url: Annotated[
        str | None,
        Meta(
            description="Where your team reads about rules, with `{code}` for the code: SARIF links every finding to it.",
            pattern="^https?://",
        ),
    ] = None
    names: Annotated[
        dict[NamedKind, str] | None,
        Meta(
            description='`[rules.names]`: patterns that new names must match as a whole, as in `index = "ix_.*"`. Turns MA822 on.'
        ),
    ] = None
    busy_tables: Annotated[
        list[str] | None,
        Meta(description="Tables that are used all the time, beside those whose server counts it (MA145)."),
    ] = None
    required_columns: Annotated[
        list[str] | None,
        Meta(description='Columns that every new table must have, as in `["created_at"]` (MA832).'),
    ] = None


class RehearseTable(Struct, forbid_unknown_fields=True, kw_only=True):
    """`[rehearse]`: what `rehearse` may read of a target."""

    mask: Annotated[
        list[Annotated[str, Meta(pattern=r"^.+\..+$")]] | None,
        Meta(
            description="Columns, as `table.column`, whose values `rehearse --sample` never reads: the target's server masks them first,"
            " alike at both ends of a foreign key. `--mask` adds more."
        ),
    ] = None


class TopLevel(Adjustable, kw_only=True):
    """Settings of the file itself."""

    project: Annotated[
        str | None, Meta(description='Where the migrations are, relative to this file. Default: "."')
    ] = None
    projects: Annotated[
        list[ProjectEntry] | None, Meta(description="Several projects; each is a `[[projects]]` table.")
    ] = None
    default_env: Annotated[
        str | None, Meta(description="The environment that is meant when none is named.")
    ] = None
    env_file: Annotated[
        str | None, Meta(description="A `.env` file whose variables count after the process's own.")
    ] = None
    environments: Annotated[dict[str, Adjustable] | None, Meta(description="A table per environment.")] = None
    rules: Annotated[RulesTable | None, Meta(description="`[rules]`: what `check` looks for.")] = None
    rehearse: Annotated[
        RehearseTable | None, Meta(description="`[rehearse]`: what `rehearse` may read of a target.")
    ] = None
    tools: Annotated[
        dict[str, dict[str, object]] | None,
        Meta(description="`[tools.NAME]`: options of one tool; each tool's page lists its own."),
    ] = None
