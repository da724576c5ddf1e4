"""The console's way in: `midair` and `python -m midair`.

`--version` is answered before anything is imported; the garbage collector rests until the command
is parsed, and a command without child processes leaves without taking the interpreter apart: both
are measured in dependencies.md, policies 1 and 10.
"""

import gc
import os
import sys


def main() -> None:
    """Runs the command line and leaves the process with its exit code."""
    gc.disable()
    if sys.argv[1:] == ["--version"]:
        from midair import __version__

        sys.stdout.write(f"midair {__version__}\n")
        _leave(0)
    from midair.cli.main import run

    code, has_children = run(sys.argv[1:])
    if has_children:
        sys.exit(code)
    _leave(code)


def _leave(code: int) -> None:
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:  # the reader of a pipe went away; what it wanted it has
        code = code or 141
    os._exit(code)


if __name__ == "__main__":
    main()
