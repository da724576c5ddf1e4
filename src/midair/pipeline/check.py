"""What is wrong with the migrations: those pending where a database says what is applied, else all."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path

from midair.analysis.analyse import analyse, begins_empty, rules
from midair.analysis.context import Candidate
from midair.analysis.options import Allowance, Options
from midair.analysis.suppress import allowances_in, matches
from midair.errors import MidairError, ProgramFailed, ScratchError
from midair.model.finding import Finding
from midair.model.frozen import frozen
from midair.model.migration import RevisionId
from midair.model.schema import Schema
from midair.pipeline.candidates import candidates_of, files_of, paths_of
from midair.pipeline.changed_files import changed_files
from midair.pipeline.checked_against import Ground, ground
from midair.pipeline.chosen import in_files, named_in, pending_in
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
        options = replace(question.options, allowances=_allowances(texts), tool=found.project.tool)
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
    """The migrations that are meant. `added` are those whose own file git says is new."""

    revisions: frozenset[RevisionId]
    added: frozenset[RevisionId] = frozenset()
    warnings: tuple[str, ...] = ()


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
    return _Chosen(since & named if question.names else since, added, warnings)


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


def _texts(root: Path, paths: Iterable[str]) -> Mapping[str, str]:
    texts: dict[str, str] = {}
    for path in paths:
        try:
            texts[path] = (root / path).read_bytes().decode(errors="replace")
        except OSError:
            continue  # a callback or a program that is no file of the project
    return texts


def _allowances(texts: Mapping[str, str]) -> Mapping[str, tuple[Allowance, ...]]:
    found = {path: allowances_in(text) for path, text in texts.items()}
    return {path: allowed for path, allowed in found.items() if allowed}


_SHOWN_LINES = 8


def _lines(
    findings: Sequence[Finding], root: Path, texts: Mapping[str, str]
) -> Mapping[tuple[str, int], str]:
    texts = {**texts, **_texts(root, {each.span.path for each in findings} - set(texts) - {""})}
    cut = {path: text.splitlines() for path, text in texts.items()}
    return {
        (each.span.path, number): cut[each.span.path][number - 1]
        for each in findings
        if each.span.path in cut
        for number in range(
            each.span.line, min(each.span.end_line or each.span.line, each.span.line + _SHOWN_LINES - 1) + 1
        )
        if number <= len(cut[each.span.path])
    }
