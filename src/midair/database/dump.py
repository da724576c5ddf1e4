"""pg_dump as a child process; the password travels in its environment, never in its arguments."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from midair.errors import ExecutionError
from midair.model.address import Address


def dump(program: Path, address: Address, arguments: Sequence[str]) -> str:
    """What the program prints for this database.

    Raises:
        ExecutionError: it failed; the message is its own.
    """
    from psycopg.conninfo import make_conninfo

    named = {
        "host": address.host,
        "port": address.port,
        "user": address.user,
        "dbname": address.database or None,
    }
    words = dict(address.options) | {key: str(value) for key, value in named.items() if value is not None}
    environment = dict(os.environ)
    if address.password:
        environment["PGPASSWORD"] = address.password.reveal()
    command = [program, *arguments, "-d", make_conninfo("", **words)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if ran.returncode != 0:
        raise ExecutionError(
            f"{program.name} failed: {ran.stderr.strip()[-300:]}",
            hint="the migrations are in; only the schema file is not written",
        )
    return ran.stdout
