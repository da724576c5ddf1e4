"""The same five migrations on the same shop under the same load, with one strategy after the other."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from midair.database import Guard, open_session
from midair.demo.application import NEW, OLD, Version, clients, filling
from midair.demo.load import Asked, Felt, running
from midair.demo.log import Log
from midair.demo.project import migrations_in, url_of, write_project
from midair.errors import ScratchError
from midair.model.address import Address
from midair.rehearsal.server import Server, throwaway_server
from midair.reporting.demo import DemoPayload, Flight, Refusal, Slice

_SLICE_S = 0.1
_NAMES = {"direct": "as written", "online": "online"}
_SETTINGS = ("shared_buffers=256MB", "max_wal_size=2GB", "autovacuum=on")


@dataclass(frozen=True, slots=True)
class Course:
    """How large the shop is, how many requests a second it gets, and for how many seconds besides the migrations."""

    rows: int = 200_000
    seconds: float = 12.0
    rate: float = 200.0


def contest(
    place: Path, course: Course, tell: Callable[[str], None], variables: Mapping[str, str]
) -> DemoPayload:
    """Both flights, each on a fresh shop on one throwaway server; `place` is left with the migrations in it.

    `tell` hears what is about to be done.

    Raises:
        NoScratchServer, ScratchError: no server could be started.
    """
    write_project(place)
    with throwaway_server(None, variables, _SETTINGS) as server:
        flights = tuple(
            _flight(server, place, each, course, variables, tell) for each in ("direct", "online")
        )
        version = _version(server)
    return DemoPayload(course.rows, course.rate, version, str(place), migrations_in(place), flights)


def _version(server: Server) -> str:
    session = open_session(server.admin, Guard(), "midair demo")
    try:
        return f"PostgreSQL {session.server_version // 10000}.{session.server_version % 10000}"
    finally:
        session.close()


def _flight(
    server: Server,
    place: Path,
    strategy: str,
    course: Course,
    variables: Mapping[str, str],
    tell: Callable[[str], None],
) -> Flight:
    address = _shop(server, place, strategy, course.rows, variables)
    tell(
        f"{_NAMES[strategy]}: five migrations on {course.rows} orders, while {course.rate:.0f} requests a second go on"
    )
    rest_s, felt = course.seconds / 4, list[Felt]()

    def fly(version: Version) -> ExitStack:
        """Half of the application, in one version, until the stack is closed."""
        flying = everything.enter_context(ExitStack())
        felt.append(flying.enter_context(running(address, clients(version, course.rows, course.rate / 2))))
        return flying

    with ExitStack() as everything:
        log = Log(place, url_of(address), variables)
        old = [fly(OLD), fly(OLD)]
        time.sleep(rest_s)
        log.run("apply", "--strategy", strategy)
        # A rolling deployment: one half after the other gives way to the new version.
        with log.marked("deploy"):
            for half in old:
                half.close()
                fly(NEW)
                time.sleep(rest_s / 2)
        if strategy == "online" and not log.exit_code:
            log.run("contract", "--yes")
        time.sleep(rest_s)
    return _measured(strategy, log, Felt(sorted((each for one in felt for each in one.asked), key=_due)))


def _due(asked: Asked) -> float:
    return asked.due


def _shop(server: Server, place: Path, name: str, rows: int, variables: Mapping[str, str]) -> Address:
    """A database with the first migration applied and the rows in."""
    address = server.create(f"shop_{name}")
    log = Log(place, url_of(address), variables)
    log.run("apply", "1", "--strategy", "direct")
    if log.exit_code:
        raise ScratchError(f"the shop could not be made: {log.said}")
    session = open_session(address, Guard(), "midair demo")
    try:
        for each in filling(rows):
            session.run([each], atomic=True)
    finally:
        session.close()
    return address


def _measured(strategy: str, log: Log, felt: Felt) -> Flight:
    apply = next(each for each in log.marks if each.name == "apply")
    busy = [each for each in log.marks if each.name in ("apply", "deploy", "contract")]
    ended = max(each.ended_s for each in busy)
    calm = felt.between(log.moment(0), log.moment(apply.began_s))
    migrating = felt.between(log.moment(apply.began_s), log.moment(ended) + _SLICE_S)
    refusals = Counter(felt.failed)
    return Flight(
        strategy=strategy,
        exit_code=log.exit_code,
        said=log.said,
        requests=len(felt.asked),
        failed=len(felt.failed),
        refusals=tuple(Refusal(reason, times) for reason, times in refusals.most_common(5)),
        calm_worst_ms=_ms(calm.worst),
        calm_p99_ms=_ms(calm.share(0.99)),
        migrating_worst_ms=_ms(migrating.worst),
        migrating_p99_ms=_ms(migrating.share(0.99)),
        took_s=round(sum(each.ended_s - each.began_s for each in busy if each.name != "deploy"), 3),
        slices=tuple(_slices(log, felt)),
        marks=tuple(sorted(log.marks, key=lambda each: (each not in busy, each.began_s))),
    )


def _slices(log: Log, felt: Felt) -> Iterator[Slice]:
    inside: defaultdict[int, list[Asked]] = defaultdict(list)
    for each in felt.asked:
        inside[int(log.at_s(each.due) / _SLICE_S)].append(each)
    for number in sorted(inside):
        asked = inside[number]
        failed = sum(each.refused is not None for each in asked)
        yield Slice(round(number * _SLICE_S, 3), _ms(max(each.wait for each in asked)), len(asked), failed)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
