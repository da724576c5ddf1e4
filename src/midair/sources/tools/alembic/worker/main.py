"""One request from stdin, its answers, and how it ended."""

# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false, reportPrivateUsage=false
# (the versions of SQLAlchemy and Alembic it meets are the project's, not those the checker sees)

import os
import sys
import traceback

from .channel import Channel, Stop
from .recorder import Recorder, state_of
from .redirect import Redirect
from .tasks import capture, graph, live, new

_HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "")


def _failed_at(error, recorder, root):
    """The revision or env.py if they are on the stack, else the last frame of the project."""
    if isinstance(error, SyntaxError) and error.filename:
        return [os.path.abspath(error.filename), error.lineno or 1]
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(_HERE)
    ]
    known = [path for path in (recorder.path, recorder.env) if path]
    ours = [frame for frame in frames if os.path.abspath(frame.filename) in known]
    inside = os.path.join(root, "")
    own = [
        frame for frame in frames
        if os.path.abspath(frame.filename).startswith(inside) and "site-packages" not in frame.filename
    ]  # fmt: skip
    at = (ours or own or [None])[-1]
    return [os.path.abspath(at.filename), at.lineno] if at else None


def _failure(error, recorder, channel, root):
    cause, seen = error, set()
    while cause is not None and not isinstance(cause, Stop) and id(cause) not in seen:
        seen.add(id(cause))
        cause = cause.__cause__ or cause.__context__
    stop = cause if isinstance(cause, Stop) else None
    lines = "".join(traceback.format_exception(type(error), error, error.__traceback__)).splitlines()
    original = getattr(error, "orig", None) or error
    said = str(stop) if stop else f"{type(original).__name__}: {original}"
    return {
        "reason": stop.reason if stop else "error",
        "message": channel.clean(said)[:2000],
        "revision": recorder.revision,
        "sqlstate": state_of(original),
        "cut": _is_cut(error, original),
        "place": _failed_at(error, recorder, root),
        "trace": [channel.clean(line) for line in lines[-12:]],
    }


def _is_cut(error, original):
    """The server is gone, or ended the session: what drivers say of that has no SQLSTATE, or one of its classes."""
    state = state_of(original)
    if getattr(error, "connection_invalidated", False):
        return True
    if state is not None:
        return str(state).startswith(("08", "57P0"))
    return type(original).__name__ in ("OperationalError", "InterfaceError")


def _work(request, channel, recorder):
    if request.get("address"):
        Redirect(request["address"], request.get("bounds") or {}, channel, recorder).listen()
    if request["task"] == "capture":
        recorder.listen()
        capture(request, channel, recorder)
    elif request["task"] == "live":
        live(request, channel, recorder)
    elif request["task"] == "graph":
        graph(request, channel)
    else:
        new(request, channel)


def main():
    channel = Channel()
    request = channel.heard()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # nothing may ask questions
    sys.argv = ["alembic"]
    sys.path.append(request["root"])
    if (request.get("address") or {}).get("password"):
        channel.secrets.add(request["address"]["password"])
    recorder = Recorder(channel)
    try:
        import alembic
        import sqlalchemy
    except ImportError as error:
        channel.send("failed", reason="missing", message=str(error), place=None, trace=[])
        return 1
    channel.send("versions", alembic=alembic.__version__, sqlalchemy=sqlalchemy.__version__)
    try:
        _work(request, channel, recorder)
    except BaseException as error:  # noqa: BLE001 - SystemExit too: the project's program ended, whatever ended it
        channel.send("failed", **_failure(error, recorder, channel, request["root"]))
        return 1
    channel.send("done")
    return 0
