#!/usr/bin/env python3
"""Runs `midair demo` and puts its transcript into README.md, between the two marks."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
FOLDER = Path("/tmp/shop")
MARKS = re.compile(r"(<!-- transcript: .*? -->\n).*?(<!-- /transcript -->)", re.DOTALL)


def main() -> int:
    """Replaces the transcript; the exit code is the demo's."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    command = [sys.executable, "-m", "midair", "demo", "--folder", str(FOLDER), "--color", "never"]
    ran = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if ran.returncode == 0:
        # The socket's folder has a random name; everything else is as printed.
        text = re.sub(
            r"postgresql://postgres@/\S*?/midair-pg-\w+/", "postgresql://postgres@/tmp/", ran.stdout
        )
        readme = REPOSITORY / "README.md"
        block = f"```\n{text.strip()}\n```\n"
        readme.write_text(MARKS.sub(lambda match: match[1] + block + match[2], readme.read_text()))
    sys.stderr.write(ran.stderr)
    return ran.returncode


if __name__ == "__main__":
    sys.exit(main())
