"""Where answers go, and what ends the work early."""

# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false, reportPrivateUsage=false
# (the versions of SQLAlchemy and Alembic it meets are the project's, not those the checker sees)

import json
import os
import sys


class Stop(Exception):
    """What midair has to tell the user instead of a traceback."""

    def __init__(self, reason, message):
        super().__init__(message)
        self.reason = reason


class Unwritable(Exception):
    """A value has no SQL form that midair is sure of."""


class Channel:
    """Where answers go and replies come from; passwords the project used are taken out of what it said."""

    def __init__(self):
        self.secrets = set()
        sys.stdout.flush()
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        self._in = os.fdopen(os.dup(0), "rb")

    def send(self, kind, **fields):
        self._out.write(json.dumps({"kind": kind, **fields}, default=str) + "\n")
        self._out.flush()

    def heard(self):
        """The next line from midair; it is gone when there is none, and then nothing more may be done."""
        line = self._in.readline()
        if not line:
            raise Stop("alone", "midair ended while this migration ran")
        return json.loads(line.decode("utf-8"))

    def clean(self, text):
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, "•••")
        return text
