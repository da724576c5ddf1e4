#!/usr/bin/env python3
"""Runs `midair demo` and `midair demo --tour` and puts what they print into README.md, between their marks."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
FOLDER = Path("/tmp/shop")
RUNS = {"demo": (), "transcript": ("--tour",)}
"""The name of the marks in README.md, and the options."""


def main() -> int:
    """Replaces both; the exit code is that of the first demo that failed."""
    return next((code for name, words in RUNS.items() if (code := _replaced(name, words))), 0)


def _replaced(name: str, words: tuple[str, ...]) -> int:
    shutil.rmtree(FOLDER, ignore_errors=True)
    command = [sys.executable, "-m", "midair", "demo", "--folder", str(FOLDER), "--color", "never", *words]
    ran = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if ran.returncode == 0:
        # The socket's folder has a random name; everything else is as printed.
        text = re.sub(
            r"postgresql://postgres@/\S*?/midair-pg-\w+/", "postgresql://postgres@/tmp/", ran.stdout
        )
        readme = REPOSITORY / "README.md"
        block = f"```\n{text.strip()}\n```\n"
        marks = re.compile(rf"(<!-- {name}: .*? -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        readme.write_text(marks.sub(lambda match: match[1] + block + match[2], readme.read_text()))
    sys.stderr.write(ran.stderr)
    return ran.returncode


if __name__ == "__main__":
    sys.exit(main())
