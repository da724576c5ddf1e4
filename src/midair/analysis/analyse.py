"""Looks at migrations and gives findings. Pure: everything it needs is handed in."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from typing import Any

from midair.analysis.context import (
    NEWEST,
    OLDEST,
    Act,
    Candidate,
    Context,
    Line,
    Memory,
    Story,
    made_by,
    needed_and_missing,
    places_of,
)
from midair.analysis.options import Options
from midair.analysis.rule import Concern, Rule
from midair.analysis.suppress import Given, Suppressions, matches
from midair.analysis.tool_words import in_words_of
from midair.dialects.postgresql.changes import body_of, changes_of
from midair.dialects.postgresql.effects import effects_of
from midair.model.change import Block, Change, CreateFunction, Insert, Query, SetSetting, Transaction
from midair.model.effects import Effects
from midair.model.finding import Finding, Remedy, Risk
from midair.model.frozen import frozen, replace
from midair.model.migration import RevisionId, Script, Standing
from midair.model.schema import Schema, Table, bare_name
from midair.model.statement import Span, Statement
from midair.registry import members


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule there is, by code."""
    return tuple(sorted(members("midair.analysis.rules", None, Rule), key=lambda each: each.code))


def analyse(
    candidates: Sequence[Candidate],
    schema: Schema | None = None,
    server_version: int | None = None,
    options: Options | None = None,
    standings: Sequence[Standing] = (),
) -> tuple[Finding, ...]:
    """What is wrong with the pending ones among the migrations, in the order of the files' statements.

    `candidates` come in the order they run; those not pending only teach the schema. `schema` is the
    target's before the first of them, or what is known of it (by default nothing). `server_version`
    is the major version, `None` when unknown. `standings` are the migrations beside the tool's
    history, where it could be read: edited and late ones are found there. Suppressed findings are part of the answer, with the
    reason in `suppressed`; `risk_of` weighs the rest.
    """
    chosen = options or Options()
    teller = _Teller(schema or Schema(), server_version, chosen)
    stories = tuple(teller.story(each) for each in candidates)
    statements: dict[str, list[Statement]] = {}
    for story in stories:
        for act in (*story.acts, *story.back):
            statements.setdefault(act.statement.span.path, []).append(act.statement)
    owners = {
        path: each.migration.revision
        for story in stories
        for each in (story.candidate,)
        for path in (
            each.migration.span.path,
            *(act.statement.span.path for act in (*story.acts, *story.back)),
        )
        if each.pending
    }
    judge = _Judge(server_version, chosen, Suppressions(chosen, statements), owners)
    return tuple(judge.findings(stories, tuple(standings)))


def begins_empty(candidates: Sequence[Candidate]) -> bool:
    """Whether these migrations can be all there ever was: none of them needs a relation that no earlier one made.

    A project may begin with a database that somebody else made (a baseline); then what its files do
    not create may still exist.
    """
    teller = _Teller(Schema(complete=True), None, Options())
    taught = (teller.story(replace(each, pending=False)) for each in candidates)
    return not any(needed_and_missing(act) for story in taught for act in story.acts)


def risk_of(findings: Sequence[Finding], online: bool = False) -> Risk:
    """The risk of a migration with these findings. `online`: midair rewrites it, so what a recipe covers is medium at most."""
    worst = Risk.LOW
    for each in findings:
        if each.counts:
            worst = max(worst, min(each.risk, Risk.MEDIUM) if online and each.recipe else each.risk)
    return worst


class _Teller:
    """Runs migrations over a schema, one after the other, and remembers what each statement met."""

    def __init__(self, schema: Schema, version: int | None, options: Options) -> None:
        self._schema = schema
        self._version = version
        self._plan_scope = options.plan_scope
        self._transactions = 0
        self._settings: dict[str, str | None] = {}
        self._weighs = True
        self._routines: dict[str, str] = {}
        """The CREATE statement of each function made on the way, by its bare name."""

    def story(self, candidate: Candidate) -> Story:
        before = self._schema
        self._settings = {}
        self._weighs = candidate.pending
        acts = tuple(self._acts(candidate.script))
        if not (self._plan_scope and candidate.pending):
            self._settle(acts)
        after = self._schema
        back = tuple(self._acts(candidate.down)) if candidate.down is not None and candidate.pending else ()
        self._schema = after
        return Story(candidate, acts, before, after, back)

    def _settle(self, acts: tuple[Act, ...]) -> None:
        """The migration is deployed: the application fills what it made before the next one runs."""
        for name in {name for act in acts for name in made_by(act.changes, act.schema)}:
            table = self._schema.tables.get(name)
            if table is not None and table.empty:
                self._schema = self._schema.put(replace(table, empty=False))

    def _acts(self, script: Script) -> Iterator[Act]:
        number = 0
        for block in script.blocks:
            self._transactions += 1
            current = self._transactions if block.atomic else None
            last: Act | None = None
            for statement in block.statements:
                changes = self._with_bodies(statement, changes_of(statement.sql))
                number += 1
                if last is not None and self._repeats(last, changes):
                    continue
                act = last = self._act(statement, changes, current, block.atomic, number - 1)
                yield act
                current = self._after(act, block.atomic)
            self._settings = {
                key: value for key, value in self._settings.items() if not key.startswith("local ")
            }

    def _with_bodies(self, statement: Statement, changes: tuple[Change, ...]) -> tuple[Change, ...]:
        """A call does what the function does, where a migration made it."""
        called: list[Change] = []
        for each in changes:
            if isinstance(each, CreateFunction):
                self._routines[bare_name(each.name)] = statement.sql
            elif isinstance(each, Query) and self._routines:
                for name in dict.fromkeys(each.functions):
                    called += body_of(self._routines[name]) if name in self._routines else ()
        return (*changes, *called) if called else changes

    def _repeats(self, last: Act, changes: tuple[Change, ...]) -> bool:
        """One more of the same plain INSERT: nothing new to say, and a file of data has a million of them."""
        return (
            len(changes) == 1
            and isinstance(changes[0], Insert)
            and changes[0].rows is not None
            and changes == last.changes
        )

    def _act(
        self,
        statement: Statement,
        changes: tuple[Change, ...],
        current: int | None,
        managed: bool,
        number: int,
    ) -> Act:
        settings = {key.removeprefix("local "): value for key, value in self._settings.items()}
        # What only teaches the schema is not looked at by any rule: what it cost does not matter.
        effects = self._effects(changes, settings.get("timezone")) if self._weighs else Effects()
        return Act(statement, changes, effects, self._schema, current, managed, settings, number)

    def _effects(self, changes: tuple[Change, ...], time_zone: str | None) -> Effects:
        if len(changes) == 1 and isinstance(changes[0], Insert) and changes[0].rows is not None:
            return effects_of(changes, self._schema, self._version or OLDEST, time_zone)
        found = effects_of(changes, self._schema, self._version or OLDEST, time_zone)
        if found.refused is not None and self._version is None:
            return effects_of(changes, self._schema, NEWEST, time_zone)
        return found

    def _after(self, act: Act, managed: bool) -> int | None:
        current = act.transaction
        for each in act.changes:
            self._schema = self._schema.after(each)
            match each:
                case Transaction(verb="begin") if current is None:
                    self._transactions += 1
                    current = self._transactions
                case Transaction(verb="commit" | "rollback"):
                    current = None
                    self._settings = {
                        key: value for key, value in self._settings.items() if not key.startswith("local ")
                    }
                case SetSetting() if not (each.local and current is None):
                    self._settings[("local " if each.local else "") + each.name] = each.value
                case _:
                    pass
        return current


@frozen
class _Judge:
    """Asks every rule about every change and turns concerns into findings."""

    version: int | None
    options: Options
    suppressions: Suppressions
    owners: Mapping[str, RevisionId]
    """Which migration a file belongs to."""

    def findings(self, stories: tuple[Story, ...], standings: tuple[Standing, ...]) -> Iterator[Finding]:
        by_kind = _by_kind(self.options)
        new_in_plan: frozenset[str] = frozenset()
        seen: dict[str, int] = {}
        found: list[Finding] = []
        for story in stories:
            new = new_in_plan if self.options.plan_scope else frozenset[str]()
            if story.candidate.pending:
                found += self._in_story(story, by_kind, new, seen)
            if self.options.plan_scope:
                new_in_plan |= {name for act in story.acts for name in made_by(act.changes, act.schema)}
        pending = tuple(each for each in stories if each.candidate.pending)
        line = Line(tuple(each.candidate for each in stories), pending, standings, self.options)
        for rule in by_kind.get(Line, ()):
            found += [
                self._finding(rule, concern, None, None, seen) for concern in rule.look(line, self.version)
            ]
        for given in self.suppressions.given():
            for rule in by_kind.get(Given, ()):
                found += [
                    self._finding(rule, concern, None, None, seen)
                    for concern in rule.look(given, self.version)
                ]
        yield from found

    def _in_story(
        self,
        story: Story,
        by_kind: Mapping[type, tuple[Rule, ...]],
        new: frozenset[str],
        seen: dict[str, int],
    ) -> Iterator[Finding]:
        memory, fresh, places = Memory(), set(new), places_of(story.acts)
        for position, act in enumerate(story.acts):
            memory.meet(act)
            context = Context(act, story.acts, position, self.version, fresh, memory, places, self.options)
            for change in act.changes:
                for rule in by_kind.get(type(change), ()):
                    for concern in rule.look(change, context):
                        yield self._finding(rule, concern, context, story, seen)
                if len(act.changes) > 1 and isinstance(act.changes[0], Block):
                    fresh.update(made_by((change,), act.schema))
            for rule in by_kind.get(Act, ()):
                for concern in rule.look(act, context):
                    yield self._finding(rule, concern, context, story, seen)
            memory.keep(act, fresh)
            fresh.update(made_by(act.changes, act.schema))
        for rule in by_kind.get(Story, ()):
            for concern in rule.look(story, self.version):
                yield self._finding(rule, concern, None, story, seen)

    def _finding(
        self, rule: Rule, concern: Concern, context: Context | None, story: Story | None, seen: dict[str, int]
    ) -> Finding:
        statement = context.act.statement if context else None
        span = concern.span or (
            statement.span if statement else story.candidate.migration.span if story else _NOWHERE
        )
        sql = concern.sql or (statement.sql if statement else None)
        revision = concern.revision or (
            story.candidate.migration.revision if story else self.owners.get(span.path)
        )
        risk = concern.risk or rule.risk
        table = context.table(concern.table) if context and concern.table else None
        rows = table.rows if table else None
        if rule.grows and risk is Risk.HIGH and table is not None and _is_small(table, self.options):
            risk = Risk.MEDIUM
        chosen = _chosen_risk(rule, self.options)
        mark = _fingerprint(rule, span.path, sql or concern.message, seen)
        allowed = self.suppressions.allowed(rule, span, mark)
        return Finding(
            rule.code,
            rule.name,
            chosen or risk,
            concern.message,
            span,
            revision,
            in_words_of(self.options.tool, concern.remedy, span.path),
            sql,
            concern.table,
            rows,
            None,
            allowed.reason if allowed else None,
            mark,
            risk if chosen is not None and chosen is not risk else None,
            allowed.by if allowed else None,
        )


_NOWHERE = Span("", 1)


def _chosen_risk(rule: Rule, options: Options) -> Risk | None:
    """What the project says: by the whole code before a family's prefix."""
    told = [each for each in options.risks if matches(rule.code, rule.name, each)]
    return options.risks[max(told, key=len)] if told else None


def _is_small(table: Table, options: Options) -> bool:
    """Known, and below the limits (X2); an unknown size is large (X3).

    A table that was never analysed has no row count, but the size of its file is exact; a
    partitioned one has no file of its own.
    """
    if table.rows is None:
        return table.bytes is not None and table.kind == "table" and table.bytes < options.small_bytes
    return table.rows < options.small_rows and (table.bytes is None or table.bytes < options.small_bytes)


def _fingerprint(rule: Rule, path: str, text: str, seen: dict[str, int]) -> str:
    """From rule, path and the statement without its layout, counted when it occurs again: lines may move."""
    mark = sha256(f"{rule.code}\0{path}\0{' '.join(text.split())}".encode()).hexdigest()[:20]
    seen[mark] = seen.get(mark, 0) + 1
    return mark if seen[mark] == 1 else sha256(f"{mark}\0{seen[mark]}".encode()).hexdigest()[:20]


def _by_kind(options: Options) -> Mapping[type, tuple[Rule, ...]]:
    found: dict[type, list[Rule]] = {}
    for each in rules():
        if each.default or any(matches(each.code, each.name, pattern) for pattern in options.select):
            for kind in each.on:
                found.setdefault(kind, []).append(each)
    return {kind: tuple(members_) for kind, members_ in found.items()}


Look = Callable[[Any, Context], Iterator[Concern]]
__all__ = ["Candidate", "Finding", "Options", "Remedy", "analyse", "replace", "risk_of", "rules"]
