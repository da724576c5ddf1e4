"""What is wrong with the migrations: those pending where a database says what is applied, else all."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path

from midair.analysis.analyse import analyse, begins_empty, rules
from midair.analysis.context import Candidate
from midair.analysis.imports import model_imports
from midair.analysis.options import Allowance, Options
from midair.analysis.suppress import allowances_in, matches
from midair.database.pooling import looks_pooled
from midair.errors import MidairError, NothingHere, ProgramFailed, ScratchError
from midair.model.finding import Finding
from midair.model.frozen import frozen
from midair.model.migration import RevisionId
from midair.model.schema import Schema
from midair.pipeline.candidates import candidates_of, files_of, paths_of
from midair.pipeline.changed_files import changed_files
from midair.pipeline.checked_against import Ground, ground
from midair.pipeline.chosen import in_files, named_in, pending_in
from midair.pipeline.opening import address_of
from midair.pipeline.plain import PIPED, SHOWN, plain, plain_files
from midair.pipeline.request import Request
from midair.pipeline.rewritten import with_recipes


@frozen
class Question:
    """What `check` is asked, beside the request.

    `names` are revisions, files and ranges; `since` is a commit whose younger files are meant.
    `must_answer`: the caller named the database, so that it must be reached. `server_version` is
    the major version where no server is asked. `no_exec`: no program of the project is run.
    """

    names: tuple[str, ...] = ()
    since: str | None = None
    must_answer: bool = False
    server_version: int | None = None
    no_exec: bool = False
    piped: bytes | None = None
    """What came through standard input, which the name `-` stands for."""
    in_transaction: bool = False
    """SQL files that are no tool's are run in one transaction each; else as `psql -f` runs them."""
    options: Options = field(default_factory=Options)


@frozen
class Checking:
    """What was looked at and what was found, allowed findings included.

    `catalog` names the database whose schema counted, `None` where only the files were known.
    `unapplied` are migrations known not to be applied anywhere that matters: a database says so, or
    git says that their files are new. `lines` holds the text of every line that a
    finding points to, by path and number. `warnings` are sentences about what was passed over.
    """

    root: Path
    candidates: tuple[Candidate, ...]
    findings: tuple[Finding, ...]
    server_version: int | None = None
    catalog: str | None = None
    strategy: str | None = None
    """How `apply` would run on that database."""
    unapplied: frozenset[RevisionId] = frozenset()
    warnings: tuple[str, ...] = ()
    schema: Schema = field(default_factory=Schema)
    """What is known of the schema before the first of them."""
    lines: Mapping[tuple[str, int], str] = field(default_factory=dict[tuple[str, int], str])


def check(request: Request, question: Question) -> Checking:
    """Findings about the migrations a question means; reads only, from the project, git and the database.

    Raises:
        ProjectError: the project cannot be read, or a name means nothing in it.
        NoGit: git could not say what changed.
        Unreachable, LoginRefused: the database that was named did not answer.
    """
    if PIPED in question.names:
        return _check_plain(request, question, plain_files(request, question.names))
    try:
        return _check_project(request, question)
    except NothingHere:
        files = plain_files(request, question.names)
        if not files:
            raise
    return _check_plain(request, question, files)


def _check_plain(request: Request, question: Question, files: Sequence[str]) -> Checking:
    found = plain(
        request,
        files,
        since=question.since,
        piped=question.piped,
        atomic=question.in_transaction,
        must_answer=question.must_answer,
    )
    texts = _texts(request.root, paths_of(found.candidates))
    if question.piped is not None:
        texts = {**texts, SHOWN: question.piped.decode(errors="replace")}
    options = replace(
        question.options,
        allowances=_allowances(texts),
        release=found.release,
        changed_files=found.changed_files,
    )
    major = found.major or question.server_version
    findings = analyse(found.candidates, found.schema, major, options)
    return Checking(
        request.root,
        found.candidates,
        findings,
        major,
        found.catalog,
        found.strategy,
        found.added,
        () if question.names else ("no tool's project is here; its SQL files are checked as they stand",),
        found.schema,
        _lines(findings, request.root, texts),
    )


def _check_project(request: Request, question: Question) -> Checking:
    alone = not question.names and question.since is None
    with ground(request, ask=alone and not question.no_exec, must_answer=question.must_answer) as found:
        chosen = _chosen(found, request.root, question)
        warnings = chosen.warnings
        applied = frozenset(each.revision for each in found.applied)
        # A named migration that is applied is judged on the schema before it, which no server has any more.
        whole = found.schema is None or bool(chosen.revisions & applied)
        candidates, why_unrun = _read(found, chosen.revisions, whole=whole, no_exec=question.no_exec)
        major = found.major or question.server_version
        schema = _schema_before(candidates, found, whole=whole)
        texts = _texts(request.root, paths_of(candidates))
        candidates = tuple(_with_imports(each, texts) for each in candidates)
        options = replace(
            question.options,
            allowances=_allowances(texts),
            tool=found.project.tool,
            tool_settings=found.project.settings,
            release=found.release,
            changed_files=chosen.together,
            pooled=_is_pooled(request, found),
        )
        findings = analyse(candidates, schema, major, options, found.standings if applied else ())
        findings = with_recipes(findings, candidates, schema, None if whole else found.major)
        if found.why_not is not None:
            warnings = (*warnings, f"the database was not asked: {found.why_not.message}")
        if why_unrun is not None:
            warnings = (*warnings, f"read without being run, because running failed: {why_unrun.message}")
        return Checking(
            request.root,
            tuple(each for each in candidates if each.pending),
            findings,
            major,
            found.catalog,
            found.strategy,
            chosen.revisions - applied if found.schema is not None else chosen.added,
            (*found.project.warnings, *warnings),
            schema,
            _lines(findings, request.root, texts),
        )


def unknown_rules(patterns: Sequence[str]) -> tuple[str, ...]:
    """Those of the patterns that name no rule: neither a code, nor the beginning of one, nor a name."""
    return tuple(
        each for each in patterns if not any(matches(rule.code, rule.name, each) for rule in rules())
    )


def _read(
    found: Ground, chosen: frozenset[RevisionId], *, whole: bool, no_exec: bool
) -> tuple[tuple[Candidate, ...], MidairError | None]:
    """The candidates; those of a program that does not run on an empty database as far as its files show them."""
    try:
        return candidates_of(found, chosen, whole=whole, no_exec=no_exec), None
    except (ProgramFailed, ScratchError) as error:
        if found.schema is not None or found.source.unrun is None:
            raise
        return candidates_of(found, chosen, whole=whole, no_exec=True), error


@frozen
class _Chosen:
    """The migrations that are meant. `added` are those whose own file git says is new,
    `together` every file that changed since."""

    revisions: frozenset[RevisionId]
    added: frozenset[RevisionId] = frozenset()
    warnings: tuple[str, ...] = ()
    together: frozenset[str] = frozenset()


def _chosen(found: Ground, root: Path, question: Question) -> _Chosen:
    pending = pending_in(found.standings)
    if question.since is None and not question.names:
        return _Chosen(pending)
    files = files_of(found)
    named, warnings = named_in(found.standings, question.names, files, root)
    if question.since is None:
        return _Chosen(named, frozenset(), warnings)
    changes = changed_files(root, question.since)
    # What is applied was judged before it ran; an edit of it is found in the standings.
    since = in_files(files, changes.added | changes.changed) & pending
    own = {each.migration.span.path: each.revision for each in found.standings if each.migration}
    added = in_files(own, changes.added)
    together = changes.added | changes.changed
    return _Chosen(since & named if question.names else since, added, warnings, together)


def _schema_before(candidates: Sequence[Candidate], found: Ground, *, whole: bool) -> Schema:
    """The target's; from files alone, an empty database where they can be all there ever was.

    The newest migration does not count as evidence: it may be the one that names what is not there.
    """
    if not whole and found.schema is not None:
        return found.schema
    teachers = [each for each in candidates if not each.pending]
    if not teachers:
        teachers = list(candidates[:-1])
    unread = any(each.unseen or each.refusal for each in teachers)
    return Schema(complete=not unread and begins_empty(teachers))


_LARGE = 4_000_000
"""Bytes from which on a file is read line by line and not kept: it may be a hundred megabytes of rows."""


def _texts(root: Path, paths: Iterable[str]) -> Mapping[str, str]:
    """The files' texts; of a large one only what is said to midair, on its lines."""
    texts: dict[str, str] = {}
    for path in paths:
        try:
            file = root / path
            if _is_large(file):
                with file.open(errors="replace", newline="\n") as lines:
                    texts[path] = "".join(each if "midair:" in each else "\n" for each in lines)
            else:
                texts[path] = file.read_bytes().decode(errors="replace")
        except OSError:
            continue  # a callback or a program that is no file of the project
    return texts


def _with_imports(candidate: Candidate, texts: Mapping[str, str]) -> Candidate:
    path = candidate.migration.span.path
    found = model_imports(texts[path]) if path.endswith(".py") and path in texts and candidate.pending else ()
    return replace(candidate, imports=found) if found else candidate


def _is_pooled(request: Request, found: Ground) -> bool:
    try:
        return looks_pooled(address_of(request, found.project))
    except MidairError:  # no database is named, or its address cannot be read: `status` tells
        return False


def _allowances(texts: Mapping[str, str]) -> Mapping[str, tuple[Allowance, ...]]:
    found = {path: allowances_in(text) for path, text in texts.items()}
    return {path: allowed for path, allowed in found.items() if allowed}


_SHOWN_LINES = 8


def _lines(
    findings: Sequence[Finding], root: Path, texts: Mapping[str, str]
) -> Mapping[tuple[str, int], str]:
    wanted: dict[str, set[int]] = {}
    for each in findings:
        first, last = each.span.line, each.span.end_line or each.span.line
        wanted.setdefault(each.span.path, set()).update(range(first, min(last + 1, first + _SHOWN_LINES)))
    return {
        (path, number): line.rstrip("\r\n")
        for path, numbers in wanted.items()
        for number, line in enumerate(_lines_of(path, root, texts), start=1)
        if number in numbers
    }


def _lines_of(path: str, root: Path, texts: Mapping[str, str]) -> Iterator[str]:
    """A file's lines; those of a large one from the file itself."""
    text = texts.get(path)
    if text is not None and not _is_large(root / path):
        yield from text.split("\n")
        return
    try:
        with (root / path).open(errors="replace", newline="\n") as lines:
            yield from lines
    except OSError:
        return  # what has no file has no lines to show


def _is_large(file: Path) -> bool:
    try:
        return file.stat().st_size >= _LARGE
    except OSError:
        return False
