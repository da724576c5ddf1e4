"""What someone allowed, and why: comments in the files, patterns in the settings, a baseline."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from fnmatch import fnmatch

from midair.analysis.options import Allowance, Options
from midair.analysis.rule import Rule
from midair.model.finding import AllowedBy
from midair.model.frozen import frozen
from midair.model.statement import Span, Statement

_DIRECTIVE = re.compile(
    r"midair:\s*allow(?P<file>-file)?\s+(?P<codes>[\w-]+(?:\s*,\s*[\w-]+)*)(?:\s+because\s+(?P<reason>.*))?",
    re.IGNORECASE,
)
_CLOSING = re.compile(r"\s*(-->|\*/|\*\))\s*$")
_UNTIL = re.compile(r"\s*\(until (?P<day>\d{4}-\d{2}-\d{2})\)$")


def allowances_in(text: str) -> tuple[Allowance, ...]:
    """The `midair: allow CODE because REASON` comments of a file of any language, in order.

    The word stands in a comment of the file's own kind: `--`, `#`, `//`, `<!-- -->`.
    """
    if "midair:" not in text:
        return ()
    return tuple(_allowances(text))


def _allowances(text: str) -> Iterator[Allowance]:
    for number, line in enumerate(text.splitlines(), start=1):
        found = _DIRECTIVE.search(line)
        if found is None:
            continue
        codes = tuple(each.strip() for each in found["codes"].split(","))
        reason = _CLOSING.sub("", found["reason"] or "").strip()
        until = _UNTIL.search(reason)
        yield Allowance(
            codes,
            _UNTIL.sub("", reason),
            number,
            bool(found["file"]),
            _day(until["day"]) if until else None,
        )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return date.min  # no such day: the allowance counts as run out, and is shown


def matches(code: str, name: str, pattern: str) -> bool:
    """A pattern names a rule by its code, a family by a prefix of it, or the rule by name."""
    return code.upper().startswith(pattern.upper()) or name == pattern


@frozen
class Given:
    """An allowance of a file that was looked at. `used`: it covers a finding. `ran_out`: its day is over."""

    path: str
    allowance: Allowance
    used: bool
    ran_out: bool


@frozen
class Allowed:
    """Why a finding does not count."""

    by: AllowedBy
    reason: str


class Suppressions:
    """Answers why a finding does not count. Each allowance covers the statement it is in, or the next one."""

    def __init__(self, options: Options, statements: Mapping[str, list[Statement]]) -> None:
        self._options = options
        self._covers: dict[tuple[str, int, int], list[Allowance]] = {}
        self._files: dict[str, list[Allowance]] = {}
        self._used: set[tuple[str, int]] = set()
        for path, allowed in options.allowances.items():
            places = sorted({_place(each.span) for each in statements.get(path, [])})
            for each in allowed:
                if not each.reason or self._ran_out(each):
                    continue
                if each.whole_file:
                    self._files.setdefault(path, []).append(each)
                else:
                    self._cover(path, places, each)

    def _cover(self, path: str, places: list[tuple[int, int]], allowed: Allowance) -> None:
        place = next((each for each in places if each[1] >= allowed.line), None)
        if place is not None:
            self._covers.setdefault((path, *place), []).append(allowed)

    def _ran_out(self, allowed: Allowance) -> bool:
        today = self._options.today
        return allowed.until is not None and today is not None and allowed.until < today

    def allowed(self, rule: Rule, span: Span, fingerprint: str) -> Allowed | None:
        """Who allowed the finding and why, or `None` when nobody did."""
        here = self._covers.get((span.path, *_place(span)), [])
        for each in (*here, *self._files.get(span.path, [])):
            if any(matches(rule.code, rule.name, code) for code in each.codes):
                self._used.add((span.path, each.line))
                until = f" (until {each.until})" if each.until else ""
                return Allowed(AllowedBy.FILE, each.reason + until)
        for pattern in self._options.ignore:
            if matches(rule.code, rule.name, pattern):
                return Allowed(AllowedBy.SETTINGS, f"the settings ignore {pattern}")
        for path, patterns in self._options.per_path.items():
            if fnmatch(span.path, path) and any(matches(rule.code, rule.name, each) for each in patterns):
                return Allowed(AllowedBy.SETTINGS, f"the settings ignore it in {path}")
        known = fingerprint in self._options.baseline
        return Allowed(AllowedBy.BASELINE, "in the baseline") if known else None

    def given(self) -> Iterator[Given]:
        """Every allowance of the files, with what became of it; to be asked after all findings are made."""
        for path, allowed in self._options.allowances.items():
            for each in allowed:
                yield Given(path, each, (path, each.line) in self._used, self._ran_out(each))


def _place(span: Span) -> tuple[int, int]:
    return span.line, span.end_line or span.line
