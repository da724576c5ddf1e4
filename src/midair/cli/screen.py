"""What the reader's screen can show: colour, symbols, width."""

import os
import shutil
from collections.abc import Mapping
from typing import TextIO

from midair.reporting.format import Look

_WIDEST = 100


def look_of(
    stream: TextIO, variables: Mapping[str, str], *, color: str = "auto", ascii_only: bool = False
) -> Look:
    """The look for a stream: colour only on a terminal unless forced, wrapping only on a terminal."""
    terminal = stream.isatty()
    width = min(shutil.get_terminal_size().columns, _WIDEST) if terminal else None
    return Look(
        colour=_colour(terminal, variables, color), ascii=ascii_only or not _says_symbols(stream), width=width
    )


def can_overwrite(stream: TextIO, variables: Mapping[str, str]) -> bool:
    """Whether one line can be written over and over: a real terminal that a person watches."""
    return stream.isatty() and variables.get("TERM") != "dumb" and not variables.get("CI")


def can_ask(stream: TextIO, variables: Mapping[str, str], *, no_input: bool) -> bool:
    """Whether a question would reach a person."""
    return not no_input and stream.isatty() and not variables.get("CI")


def _colour(terminal: bool, variables: Mapping[str, str], color: str) -> bool:
    if color != "auto":
        return color == "always"
    if variables.get("NO_COLOR"):
        return False
    if variables.get("FORCE_COLOR"):
        return True
    return terminal and variables.get("TERM") != "dumb" and os.name == "posix"


def _says_symbols(stream: TextIO) -> bool:
    try:
        "✓●○✗⏸→…".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
