"""Starts the worker in the project's Python and reads what it tells, line by line."""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from midair.errors import BadSetting, LockTimeout, ProgramFailed, Unsupported
from midair.model.address import Address, Product
from midair.model.frozen import frozen

_WORKER = Path(__file__).with_name("worker")
_LAST_LINES = 12
_LOCK_NOT_AVAILABLE = "55P03"
Answer = Mapping[str, Any]
"""One line of the worker; `kind` says which. `Any` ends where capture turns it into statements."""


@frozen
class Program:
    """The project's own Alembic. `script_location` is set where no configuration file says it."""

    python: Path
    root: Path
    cwd: Path
    variables: Mapping[str, str]
    ini: Path | None
    toml: Path | None
    section: str
    arguments: tuple[str, ...] = ()
    script_location: str | None = None
    database: str | None = None
    """Which one, where env.py migrates several."""


def asked(program: Program, request: Mapping[str, object]) -> list[Answer]:
    """All answers to a request.

    Raises:
        ProgramFailed, Unsupported, BadSetting: the project's program failed, or does what midair cannot follow.
    """
    return list(answers(program, request))


def conversed(
    program: Program,
    request: Mapping[str, object],
    reply: Callable[[Answer], Iterator[Mapping[str, object]]],
) -> None:
    """Lets the worker ask: what `reply` yields for one of its lines is sent back, line by line, as it is made.

    Whatever `reply` raises ends the worker, and with it its transaction.

    Raises:
        ProgramFailed, Unsupported, BadSetting, LockTimeout: as `asked`.
    """
    for _ in answers(program, request, reply):
        pass


def answers(
    program: Program,
    request: Mapping[str, object],
    reply: Callable[[Answer], Iterator[Mapping[str, object]]] | None = None,
) -> Iterator[Answer]:
    """The answers as they come; the worker ends with the iteration. With `reply`, see `conversed`.

    Raises:
        ProgramFailed, Unsupported, BadSetting: as `asked`.
    """
    whole = json.dumps({**_base(program), **request}).encode() + b"\n"
    with tempfile.TemporaryFile() as said, _running(program, said) as process:
        ended = False
        for line in _lines(process, whole, keeps_open=reply is not None):
            answer: Answer = json.loads(line)
            if answer["kind"] == "failed":
                raise _failure(program, answer)
            ended = answer["kind"] == "done"
            for each in reply(answer) if reply is not None else ():
                _say(process, json.dumps(each).encode() + b"\n")
            yield answer
        if not ended:
            raise ProgramFailed(
                f"the project's Python ({program.python}) ended in the middle: {_tail(said)}",
                hint="run `alembic current` in the project; it should work",
                state="nothing was changed",
            )


@contextmanager
def _running(program: Program, said: Any) -> Generator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [program.python, _WORKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=said,
        cwd=program.cwd,
        env=dict(program.variables) or None,
        start_new_session=True,  # Ctrl-C at a terminal is midair's to answer: it ends the worker where that is safe
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        for each in (process.stdin, process.stdout):
            with suppress(BrokenPipeError):
                if each is not None:
                    each.close()


def _lines(process: subprocess.Popen[bytes], request: bytes, *, keeps_open: bool) -> Iterator[bytes]:
    # The request goes through stdin: a password in it is in no argument list and no environment.
    assert process.stdin is not None
    assert process.stdout is not None
    _say(process, request)
    if not keeps_open:
        with suppress(BrokenPipeError):
            process.stdin.close()
    yield from process.stdout
    process.wait()


def _say(process: subprocess.Popen[bytes], line: bytes) -> None:
    assert process.stdin is not None
    # Where Python itself could not start, or ended, what it said is in stderr, and told at the end.
    with suppress(BrokenPipeError):
        process.stdin.write(line)
        process.stdin.flush()


def _base(program: Program) -> dict[str, object]:
    request: dict[str, object] = {
        "root": str(program.cwd.absolute()),
        "config": str(program.ini.absolute()) if program.ini else None,
        "toml": str(program.toml.absolute()) if program.toml else None,
        "section": program.section,
        "x": list(program.arguments),
    }
    if program.script_location:
        request["script_location"] = program.script_location
    if program.database:
        request["database"] = program.database
    return request


def as_request(address: Address) -> dict[str, object]:
    """An address for the worker, its password included: it travels through a pipe only."""
    return {
        "product": str(address.product),
        "database": os.path.abspath(address.database)
        if address.product is Product.SQLITE
        else address.database,
        "host": address.host,
        "port": address.port,
        "user": address.user,
        "password": address.password.reveal() if address.password else None,
        "options": dict(address.options),
    }


def _failure(program: Program, answer: Answer) -> ProgramFailed | Unsupported | BadSetting | LockTimeout:
    message = str(answer["message"])
    if answer.get("sqlstate") == _LOCK_NOT_AVAILABLE:
        return LockTimeout(message.strip(), sqlstate=_LOCK_NOT_AVAILABLE)
    match answer["reason"]:
        case "missing":
            return ProgramFailed(
                f"{program.python} cannot import what the project needs: {message}",
                hint="name the project's own Python with --python, or `python = …` in midair.toml",
                state="nothing was changed",
            )
        case "product":
            return BadSetting(
                message, hint="give env.py the URL scheme of the target (its variable or sqlalchemy.url)"
            )
        case "databases":
            return Unsupported(
                message,
                hint='choose one: `database = "…"` under [tools.alembic] in midair.toml, or a [[projects]] entry for each (docs/alembic.md)',
                state="nothing was changed",
            )
        case "creator" | "idle":
            return Unsupported(
                message, hint="docs/alembic.md tells what env.py must look like", state="nothing was changed"
            )
        case _:
            place = (
                f"{shown(answer['place'], program.root)} failed"
                if answer["place"]
                else "the project's program failed"
            )
            during = f" while revision {answer['revision']} ran" if answer.get("revision") else ""
            failed = ProgramFailed(
                f"{place}{during}: {message.strip()}",
                hint="the end of its traceback:\n    " + "\n    ".join(str(line) for line in answer["trace"]),
            )
            failed.cut = bool(answer.get("cut"))
            failed.revision = str(answer["revision"]) if answer.get("revision") else None
            return failed


def shown(place: Any, root: Path) -> str:
    """`[path, line]` of the worker as reports show it."""
    path, line = str(place[0]), int(place[1])
    return f"{Path(os.path.relpath(path, root)).as_posix()}:{line}"


def _tail(said: Any) -> str:
    said.seek(0)
    lines = said.read().decode(errors="replace").strip().splitlines()
    return "; ".join(line.strip() for line in lines[-_LAST_LINES:]) or "it said nothing"
