"""The shop's migrations as a folder, and what a midair of our own is started with."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

from midair.model.address import Address

FIRST = "V1__shop.sql"
"""Makes the shop; the migrations after it are the ones that matter."""


def write_project(place: Path) -> None:
    """The shop's migrations and settings as files."""
    for file in files("midair.demo.shop").iterdir():
        if file.name.endswith((".sql", ".toml")):
            (place / file.name).write_bytes(file.read_bytes())


def migrations_in(place: Path) -> tuple[tuple[str, str], ...]:
    """Revision and description of all but the first, in order."""
    names = sorted(file.stem.partition("__") for file in place.glob("V*__*.sql") if file.name != FIRST)
    return tuple((revision[1:], text.replace("_", " ")) for revision, _, text in names)


def url_of(address: Address) -> str:
    """The address of a throwaway server's database as a URL; it has no password."""
    return f"postgresql://{address.user}@/{address.database}?host={quote(str(address.host), safe='')}"


def variables_of(variables: Mapping[str, str]) -> dict[str, str]:
    """The environment without midair's settings, which are about other projects."""
    return {
        name: value
        for name, value in variables.items()
        if not name.startswith("MIDAIR_") or name == "MIDAIR_PG_BIN"
    }
