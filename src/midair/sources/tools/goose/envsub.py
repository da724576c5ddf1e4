"""`ENVSUB ON`: environment variables in SQL, in the shell-like forms that goose expands."""

import re
from collections.abc import Mapping

from midair.errors import BadMigration, NotSet

_PLACE = re.compile(
    r"\\\$|\$\$|\$(?P<bare>[A-Za-z_][A-Za-z0-9_]*)|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<rest>[^{}]*)\}|\$\{"
)
_SLICE = re.compile(r":(?P<start> *-?\d+)(?::(?P<length>-?\d+))?")


def expanded(line: str, variables: Mapping[str, str], where: str) -> str:
    """The line with `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}` and `${NAME:0:4}` replaced.

    `where` is the file and line, for messages. `$$` and `\\$` stand for a dollar sign.

    Raises:
        NotSet: a variable has no value and no default; goose would put nothing in its place.
        BadMigration: a `${` is not one of these forms.
    """
    return _PLACE.sub(lambda match: _value(match, variables, where), line)


def _value(match: re.Match[str], variables: Mapping[str, str], where: str) -> str:
    if match[0] in ("$$", "\\$"):
        return "$"
    name, rest = match["bare"] or match["name"], match["rest"] or ""
    if name is None:
        raise BadMigration(
            f"{where} has a ${{ that ENVSUB cannot expand",
            hint="write ${NAME} or ${NAME:-default}; $$ is a dollar sign",
        )
    value = variables.get(name)
    if rest.startswith(":-"):
        return value or rest[2:]
    if rest.startswith("-"):
        return rest[1:] if value is None else value
    wanted = rest.lstrip(":")
    if value is None or (not value and rest.startswith(":?")):
        message = wanted[1:] if wanted.startswith("?") else ""
        raise NotSet(
            f"{where} ${{{name}}} is not set{f': {message}' if message else ''}",
            hint=f"set {name}, empty if that is meant, or write ${{{name}:-default}}",
        )
    if not rest or wanted.startswith("?"):
        return value
    return _part(value, rest, where)


def _part(value: str, rest: str, where: str) -> str:
    match = _SLICE.fullmatch(rest)
    if match is None:
        raise BadMigration(
            f"{where} has ${{…{rest}}}, which ENVSUB cannot expand", hint="write ${NAME} or ${NAME:-default}"
        )
    start = int(match["start"])
    kept = value[max(start, -len(value)) :]
    return kept if match["length"] is None else kept[: int(match["length"])]
