"""Everything midair can refuse or fail to do, drawn as a tree.

    MidairError                     exit
    ├── ConfigurationError           2    ME1xx  settings, arguments, refused login
    ├── ProjectError                 2    ME2xx  the migrations themselves
    │   └── Refused                  3           history diverged, dirty, another run at work
    ├── Unreachable                  4    ME12x  network, starting up, too many connections
    ├── ExecutionError               5    ME3xx  a step failed; nothing half-done
    │   ├── Interrupted              6           stopped in a resumable state
    │   └── OutcomeUnknown           7           a person must look
    └── ScratchError                 5    ME4xx  the throwaway server

Each class has a stable `code`, and its docstring is its page: `midair explain ME301`. A message
says what happened; `state` what state the database is in; `hint` what to do next.
"""

from collections.abc import Iterable, Sequence


class MidairError(Exception):
    """The root: what midair could not do, in which state that leaves the database, what to do next."""

    code = "ME000"
    exit_code = 5

    def __init__(self, message: str, *, hint: str | None = None, state: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.state = state


class ConfigurationError(MidairError):
    """A setting, argument or address is wrong; nothing was read or changed."""

    code = "ME100"
    exit_code = 2


class NothingHere(ConfigurationError):
    """No migrations were recognised in the folder.

    midair looks for the marks of each tool it knows (`midair detect --help` lists them).
    Point `-C` at the project, or name the tool and folder in `midair.toml`.
    """

    code = "ME101"


class SeveralHere(ConfigurationError):
    """More than one project was recognised and none was chosen; name one with `--project` or in `midair.toml`."""

    code = "ME102"


class BadSetting(ConfigurationError):
    """`midair.toml`, an environment variable or a flag holds something midair does not know or cannot use."""

    code = "ME110"


class NotSet(ConfigurationError):
    """A `${NAME}` in a setting has no value; an empty string would hide the mistake."""

    code = "ME111"


class NoDatabase(ConfigurationError):
    """No address of a target database was found in flags, environment, `midair.toml` or the tool's own files."""

    code = "ME112"


class NoGit(ConfigurationError):
    """Git could not say which files changed: it is missing, this is no repository, or the commit is not known here."""

    code = "ME115"


class BadAddress(ConfigurationError):
    """A database URL cannot be understood, or names a product midair has no dialect for."""

    code = "ME113"


class LoginRefused(ConfigurationError):
    """The server answered and refused this user, password or database; trying again will not help."""

    code = "ME120"


class Unreachable(MidairError):
    """The server did not answer, is starting up, or has no connection left; trying again may help."""

    code = "ME121"
    exit_code = 4


class ProjectError(MidairError):
    """The migrations cannot be read or understood; the database was not touched."""

    code = "ME200"
    exit_code = 2


class UnreadableFile(ProjectError):
    """A file is missing, is not text in the expected encoding, or holds NUL bytes."""

    code = "ME201"


class BadMigration(ProjectError):
    """A migration file does not have the form its tool demands, or its SQL cannot be split."""

    code = "ME202"


class SeveralHeads(ProjectError):
    """Two migrations follow the same one and the target does not say which line is meant."""

    code = "ME203"


class BrokenHistory(ProjectError):
    """The graph of migrations has a cycle, or names a parent that does not exist."""

    code = "ME204"


class DuplicateRevision(ProjectError):
    """Two migrations claim the same version."""

    code = "ME205"


class UnknownRevision(ProjectError):
    """No migration of the project matches what was asked for."""

    code = "ME206"


class Irreversible(ProjectError):
    """The migration has no way back in its tool, and none can be derived."""

    code = "ME207"


class Unsupported(ProjectError):
    """The project uses something midair does not run; the message names it and the way on."""

    code = "ME208"


class ProgramFailed(ProjectError):
    """The project's own program (Alembic's `env.py` or a revision) failed while it was read."""

    code = "ME209"

    revision: str | None = None
    """The migration that was running, where the program said so."""
    cut: bool = False
    """Its connection broke."""


class NotParsed(ProjectError):
    """PostgreSQL's grammar refuses a text; `offset` is the byte where, or `None`.

    Not a finding about the migration: the server may be of a version with other words.
    """

    code = "ME230"

    def __init__(self, message: str, offset: int | None) -> None:
        super().__init__(message)
        self.offset = offset


class BadIntent(ProjectError):
    """A `midair: … = …` comment, or the `info` of an Alembic call, says something midair does not know or cannot use.

    Nothing was changed. The message has its file and line; docs/intent.md lists what can be declared.
    """

    code = "ME231"


class Refused(ProjectError):
    """midair will not go on, because going on could lose something."""

    code = "ME210"
    exit_code = 3


class HistoryDiverged(Refused):
    """What is applied and what the project holds no longer fit: edited, deleted, or late files."""

    code = "ME211"


class Dirty(Refused):
    """The tool's history says a migration failed half-way.

    midair compares the database with the migration's statements and says which of them are in;
    `midair repair` settles it. `suspects` are the migrations whose run can have left the mark:
    revision, direction, and the revisions the history held before it.
    """

    code = "ME215"

    def __init__(
        self,
        message: str,
        *,
        suspects: tuple[tuple[str, str, tuple[str, ...]], ...] = (),
        hint: str | None = None,
        state: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, state=state)
        self.suspects = suspects


class ForeignHistory(Refused):
    """A table with the history table's name exists, and another tool's columns are in it."""

    code = "ME216"


class PlanChanged(Refused):
    """The approved plan no longer matches the project or the database it was made for."""

    code = "ME217"


class NotConfirmed(Refused):
    """The environment is protected, and nobody confirmed the change or brought an approved plan."""

    code = "ME218"


class AlreadyRunning(Refused):
    """Another midair run, or the tool itself, is at work on this database."""

    code = "ME219"


class NothingAtWork(Refused):
    """There is no run that could be slowed down: none is at work on this database."""

    code = "ME224"


class BehindPooler(Refused):
    """The connection goes through a pooler that gives each transaction another server session.

    A lock that lives as long as a session would be taken on one and let go on another, and a setting
    would reach somebody else's session.
    """

    code = "ME220"


class NotOnline(Refused):
    """A statement would break the application that is running, and no recipe can keep it running here.

    Nothing was changed. The message says what stands in the way; the ways on are other wordings of the
    same change, or `--strategy direct` in a window in which the application is down.
    """

    code = "ME221"


class GateInTheWay(Refused):
    """A migration touches what an earlier one has not contracted yet.

    Two versions of the application may still be using that object in two shapes. Close the gate with
    `midair contract` once the old version is gone, or let `midair apply --contract-first` do both.
    """

    code = "ME222"

    def __init__(self, message: str, *, state: str, hint: str, contract: str) -> None:
        super().__init__(message, state=state, hint=hint)
        self.contract = contract
        """The contract's own name in the journal."""


class GateShut(Refused):
    """The evidence says that the old version of the application may still be there.

    Nothing was changed. `midair contract --force` takes a person's word against the evidence, and the
    journal records it as forced; what would make the contract's own statements fail cannot be forced.
    """

    code = "ME223"


class ExecutionError(MidairError):
    """A step failed. What the transaction held is rolled back; earlier migrations stay recorded."""

    code = "ME300"
    exit_code = 5


class StatementFailed(ExecutionError):
    """The server refused a statement. `index` counts from 0 within what was sent together."""

    code = "ME302"

    def __init__(
        self,
        message: str,
        *,
        sqlstate: str | None = None,
        index: int = 0,
        detail: str | None = None,
        position: int | None = None,
        hint: str | None = None,
        state: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, state=state)
        self.sqlstate = sqlstate
        self.index = index
        self.detail = detail
        self.position = position


class MigrationFailed(ExecutionError):
    """A migration's statement failed; the message names its file and line and what the server said."""

    code = "ME303"


class LockTimeout(StatementFailed):
    """A lock was not granted within `lock_wait`; the caller tries again within its budget."""

    code = "ME304"


class Interrupted(ExecutionError):
    """The run stopped where it can go on: `midair resume`."""

    code = "ME310"
    exit_code = 6


class LockNotAcquired(Interrupted):
    """A lock stayed out of reach for the whole retry budget; the message names who holds it."""

    code = "ME301"

    def __init__(
        self, relations: Sequence[str], waited_s: float, tries: int, blockers: Iterable[str], *, state: str
    ) -> None:
        self.blockers = tuple(blockers)
        where = ", ".join(relations) or "what the migration needs"
        held = f"; held by {'; '.join(self.blockers)}" if self.blockers else ""
        super().__init__(
            f"could not lock {where} within {waited_s:.0f} s ({tries} tries){held}",
            state=state,
            hint="end that session or wait for it, then run `midair resume`",
        )


class BackfillUnproven(Interrupted):
    """Rows to do keep coming back while a statement runs in batches, and later steps rely on there being none.

    Every row that was there at the start has had its turn. The ones that are left were written, or
    written back, by somebody since.
    """

    code = "ME314"


class Stopped(Interrupted):
    """Someone pressed Ctrl-C or sent SIGTERM; the journal knows how far the run came."""

    code = "ME311"
    exit_code = 130


class LeaseLost(Interrupted):
    """Another run took over while this one was out of sight (a laptop that slept, a network that hung)."""

    code = "ME313"


class ConnectionLost(ExecutionError):
    """The connection broke while something was under way."""

    code = "ME320"
    exit_code = 6


class ReadOnly(ExecutionError):
    """The role or the server does not allow writing; nothing was changed."""

    code = "ME321"


class OutcomeUnknown(ExecutionError):
    """The connection was lost while committing and the server cannot be asked; look before going on."""

    code = "ME390"
    exit_code = 7


class ScratchError(MidairError):
    """The throwaway server could not be started or used."""

    code = "ME400"


class NoScratchServer(ScratchError):
    """No PostgreSQL binaries were found for the throwaway server."""

    code = "ME401"


class MissingExtension(ScratchError):
    """The throwaway server lacks an extension that a migration needs."""

    code = "ME412"


class CommitUnanswered(ConnectionLost):
    """The connection broke between COMMIT and its answer: whether it happened must be asked."""

    code = "ME322"


class SeveralProblems(ConfigurationError):
    """Several settings are wrong; all of them are listed, each with its file and line."""

    code = "ME114"

    def __init__(self, problems: tuple[ConfigurationError, ...]) -> None:
        super().__init__(f"{len(problems)} settings are wrong")
        self.problems = problems
