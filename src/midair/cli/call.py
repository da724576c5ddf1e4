"""One call of a command: what the common options said, and how its answer is written."""

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import click

from midair.cli.flags import FLAGS, Given
from midair.cli.screen import look_of
from midair.errors import BadSetting, MidairError, SeveralProblems
from midair.model.frozen import frozen
from midair.reporting.format import Look
from midair.reporting.names import NAMES
from midair.reporting.report import Failure, Payload, Report
from midair.reporting.write import written
from midair.settings import Flags, Settings, load

_SURFACE = ("environment", "project", "config", "format", "color")


@frozen
class Call:
    """One call. `format` is what stdout gets; `outputs` are (format, file) pairs beside it."""

    command: str
    flags: Flags
    variables: Mapping[str, str]
    here: Path
    started_at: datetime
    format: str = "text"
    outputs: tuple[tuple[str, Path], ...] = ()
    to_stdout: bool = True
    quiet: bool = False
    verbose: bool = False
    no_input: bool = False
    color: str = "auto"
    ascii: bool = False

    def look(self, *, error: bool = False) -> Look:
        """What stdout, or stderr, can show."""
        stream = sys.stderr if error else sys.stdout
        look = look_of(stream, self.variables, color=self.color, ascii_only=self.ascii)
        return replace(look, details=self.verbose)

    def settings(self) -> Settings:
        """The effective settings of this call; a password on the command line is warned about."""
        if _shows_password(self.flags.values.get("url", "")) and not self.quiet:
            sys.stderr.write(
                "warning: any user of this machine can read a password in --url; use --url-file or MIDAIR_URL\n"
            )
        return load(self.flags, self.variables, self.here)

    def report(
        self,
        payload: Payload,
        *,
        environment: str | None = None,
        then: tuple[str, ...] = (),
        outcome: str = "ok",
    ) -> Report:
        """The report of this call around a payload; `then` is what to type next."""
        return Report(self.command, payload, self.started_at, outcome, environment, then)


def call_of(context: click.Context, *, streams: bool = False) -> Call:
    """What the common options of a parsed command say.

    Raises:
        BadSetting: a format is not known.
    """
    given: Given = context.meta.get(FLAGS, Given())
    texts = given.texts
    values = {name: text for name, text in texts.items() if name not in _SURFACE}
    chosen = _known(texts.get("format", "text"), streams=streams)
    outputs = tuple(_output(text, chosen) for text in given.outputs)
    return Call(
        command=context.command_path.removeprefix("midair").strip() or "midair",
        flags=Flags(
            texts.get("environment"),
            texts.get("project"),
            Path(texts["config"]) if "config" in texts else None,
            values,
        ),
        variables=dict(os.environ),
        here=Path.cwd(),
        started_at=datetime.now(UTC),
        format=chosen,
        outputs=tuple((name, path) for name, path, _ in outputs),
        to_stdout=all(beside for _, _, beside in outputs),
        quiet=given.quiet,
        verbose=given.verbose,
        no_input=given.no_input,
        color=texts.get("color", "auto"),
        ascii=given.ascii,
    )


def emit(call: Call, report: Report, *, sql: bool = False) -> None:
    """Writes a report to stdout and to every file that was asked for."""
    for name, path in call.outputs:
        # A file is read on any screen: no colour, no wrapping.
        text = written(report, name, Look(sql=sql, details=call.verbose))
        try:
            path.write_bytes(text.encode())
        except OSError as error:
            raise BadSetting(
                f"--output: {path} cannot be written: {error.strerror}",
                hint="name a file in a folder that exists",
            ) from error
    if call.to_stdout:
        name = "json" if call.format == "jsonl" else call.format
        text = written(report, name, replace(call.look(), sql=sql))
        if call.format == "jsonl":
            from midair.reporting.formats.json import one_line

            text = one_line(text)
        sys.stdout.write(text)


def failure_of(error: MidairError) -> Failure:
    """An error as the value that formats show."""
    problems = (
        tuple(failure_of(problem) for problem in error.problems) if isinstance(error, SeveralProblems) else ()
    )
    return Failure(error.code, error.message, error.exit_code, error.state, error.hint, problems)


def _known(name: str, *, streams: bool) -> str:
    known = (*NAMES, "jsonl") if streams else NAMES
    if name not in known:
        raise BadSetting(
            f"--format: {name} is not a format of this command", hint=f"one of: {', '.join(known)}"
        )
    return name


def _output(text: str, chosen: str) -> tuple[str, Path, bool]:
    name, separator, path = text.partition("=")
    if separator and name in NAMES:
        return name, Path(path), True
    return "json" if chosen == "jsonl" else chosen, Path(text), False


def _shows_password(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.password) or any(name == "password" for name, _ in parse_qsl(parts.query))
    except ValueError:  # not a URL; whoever opens it says so
        return False
