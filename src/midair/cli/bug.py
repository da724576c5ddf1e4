"""A bug in midair: a trace file that holds no secrets, and a short text."""

import sys
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

from midair import __version__
from midair.reporting.report import Failure


def failure_of_bug(error: Exception) -> Failure:
    """Writes where it happened, never with what: values and messages may hold a user's data."""
    lines = [
        f"midair {__version__}, Python {sys.version.split()[0]}, {sys.platform}, {datetime.now(UTC).isoformat(timespec='seconds')}",
        f"command: {' '.join(word for word in sys.argv[1:2] if not word.startswith('-'))}",
    ]
    seen: BaseException | None = error
    told: set[int] = set()
    while seen is not None and id(seen) not in told:  # raised anew from its own cause, errors go in a circle
        told.add(id(seen))
        lines.append(f"{type(seen).__module__}.{type(seen).__qualname__}")
        # File, line and function only: source lines and locals can quote a literal.
        lines += [
            f"  {frame.filename}:{frame.lineno} in {frame.name}"
            for frame in traceback.extract_tb(seen.__traceback__)
        ]
        seen = seen.__cause__ or seen.__context__
    with tempfile.NamedTemporaryFile("w", prefix="midair-", suffix=".trace", delete=False) as file:
        file.write("\n".join(lines) + "\n")
    return Failure(
        "ME070",
        f"this is a bug in midair: {type(error).__name__}",
        70,
        "what was committed is recorded; an open transaction was rolled back",
        f"please report it with {Path(file.name)}, which holds no values; then midair status",
    )
