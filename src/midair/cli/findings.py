"""What `check` found as its report, and what the settings decide about it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from midair.analysis.analyse import risk_of, rules
from midair.analysis.context import Candidate
from midair.analysis.options import Options
from midair.cli.call import Call
from midair.errors import BadSetting, ConfigurationError, SeveralProblems
from midair.model.finding import Finding, Risk
from midair.pipeline.baseline import read_baseline
from midair.pipeline.check import Checking, Question, unknown_rules
from midair.pipeline.fix import Fixed, fix
from midair.pipeline.request import Request
from midair.reporting.report import Checked, CheckPayload, Page
from midair.reporting.style import count
from midair.settings import Settings
from midair.settings.shape import Threshold


def must_answer(call: Call) -> bool:
    """Whether this call names a database itself, so that not reaching it is no reason to go on without."""
    return bool(call.flags.environment or {"url", "url_file"} & set(call.flags.values))


def rule_options(
    settings: Settings, baseline: Path | None, ignored: Sequence[str] = (), selected: Sequence[str] = ()
) -> Options:
    """What the settings decide about rules, and beside them this call: each word names rules, with commas between.

    Raises:
        BadSetting: a rule is named that does not exist, or the baseline cannot be read.
        SeveralProblems: several are.
    """
    ignore, select = _words(ignored), _words(selected)
    problems = (
        *wrong_rules(settings),
        *_no_rules(ignore, "--ignore"),
        *_no_rules(select, "--select"),
    )
    if problems:
        raise problems[0] if len(problems) == 1 else SeveralProblems(problems)
    chosen = settings.rules
    usual = Options()
    return Options(
        ignore=(*chosen.ignore, *ignore),
        # A project that says how names look wants them looked at.
        select=(*chosen.select, *select, *(("naming-convention",) if chosen.names else ())),
        names=chosen.names,
        busy_tables=chosen.busy_tables,
        required_columns=chosen.required_columns,
        per_path=chosen.per_path,
        baseline=read_baseline(baseline) if baseline else frozenset(),
        small_rows=usual.small_rows if chosen.table.small_rows is None else chosen.table.small_rows,
        risks={code: Risk(risk) for code, risk in chosen.risks.items()},
        today=datetime.now().astimezone().date(),
    )


def wrong_rules(settings: Settings) -> Iterator[ConfigurationError]:
    """A refusal for each rule the settings name that does not exist."""
    for name, place in settings.rules.named():
        yield from _no_rules([name], place)


def _no_rules(names: Sequence[str], place: str) -> Iterator[ConfigurationError]:
    for name in unknown_rules(names):
        yield BadSetting(f"{place} {name} is no rule", hint="`midair explain` lists the rules")


def _words(given: Sequence[str]) -> tuple[str, ...]:
    return tuple(word.strip() for each in given for word in each.split(",") if word.strip())


def fixed(request: Request, question: Question, found: Checking) -> Fixed:
    """What is found once the files were mended, and what was mended.

    Raises:
        BadSetting: files are to be mended, and nothing says which migrations are not applied yet.
    """
    if found.candidates and not found.unapplied:
        raise BadSetting(
            "--fix: nothing says which of these migrations are not applied yet, and an applied one must stay as it is",
            hint="add --against URL or -e ENV, or --since REF for files that are new in git",
        )
    return fix(request, question, found)


def check_payload(settings: Settings, found: Checking, mended: Fixed | None = None) -> CheckPayload:
    """The report's value, of a check alone or after files were mended."""
    online = (found.strategy or settings.strategy) == "online"
    by_revision: dict[str | None, list[Finding]] = {}
    for each in found.findings:
        by_revision.setdefault(each.revision, []).append(each)
    migrations = tuple(
        _checked(each, by_revision.get(each.migration.revision, ())) for each in found.candidates
    )
    met = {each.code for each in found.findings}
    return CheckPayload(
        migrations=migrations,
        findings=found.findings,
        threshold=None if settings.fail_on is Threshold.NEVER else Risk(settings.fail_on.value),
        server_version=found.server_version,
        catalog=found.catalog,
        excerpts=tuple((path, line, text) for (path, line), text in sorted(found.lines.items())),
        rules=tuple(
            Page(rule.code, rule.name, rule.title, risk=rule.risk, url=_url(settings, rule.code))
            for rule in rules()
            if rule.code in met
        ),
        online=online,
        warnings=found.warnings,
        fixed=tuple(_edits(mended)) if mended else (),
        risk=risk_of(found.findings, online),
    )


def _url(settings: Settings, code: str) -> str | None:
    where = settings.rules.table.help_url
    return where.replace("{code}", code) if where else None


def _edits(mended: Fixed) -> Iterator[str]:
    for path, statements in mended.statements.items():
        yield f"{path}: {count(statements, 'statement')} rewritten"
    for path in mended.kept:
        yield f"{path}: left as it is, for its tool runs it in a transaction"


def _checked(candidate: Candidate, mine: Sequence[Finding]) -> Checked:
    migration = candidate.migration
    return Checked(
        str(migration.revision),
        migration.span.path,
        risk_of(mine),
        risk_of(mine, online=True),
        migration.description,
        candidate.unseen,
        candidate.unseen is not None and bool(candidate.script.statements),
    )
