"""What a database holds, as text that can be compared."""

import subprocess
from pathlib import Path

from midair.database import Guard, open_session
from midair.model.address import Address
from tests.support.servers import client


def dump(programs: Path, address: Address, *, data: bool = True) -> str:
    """`pg_dump` of everything but the journal: sorted schema lines, and rows where asked."""
    where = ["-h", address.host or "", "-U", address.user or "", "-d", address.database]
    only = [] if data else ["-s"]
    flags = ["--no-owner", "--no-privileges", "--inserts", "-N", "midair", *only]
    text = subprocess.run(
        [client("pg_dump", programs), *where, *flags], capture_output=True, text=True, check=True
    ).stdout
    skipped = ("--", "SET ", "\\restrict", "\\unrestrict", "SELECT pg_catalog.set_config")
    return "\n".join(
        sorted(line for line in text.splitlines() if line.strip() and not line.startswith(skipped))
    )


def journal_of(address: Address) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """Steps that are open or unfinished, and the revisions whose digests are kept."""
    session = open_session(address, Guard(), "midair tests")
    try:
        unfinished = session.query("SELECT id FROM midair.step WHERE open OR state <> 'done' AND open")
        kept = session.query("SELECT tool, revision, checksum FROM midair.migration ORDER BY 1, 2")
        return unfinished, kept
    finally:
        session.close()
