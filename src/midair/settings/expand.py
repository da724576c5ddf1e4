"""`${NAME}`, `${NAME:-default}`, `${file:PATH}` and `${keyring:SERVICE/USER}` inside settings."""

import re
from collections.abc import Mapping
from pathlib import Path

from midair.errors import NotSet

# `$${` stands for a literal `${`.
_PLACE = re.compile(r"\$(\$\{)|\$\{([^}]*)\}")


def expanded(text: str, variables: Mapping[str, str], folder: Path, where: str) -> str:
    """The text with every `${…}` replaced; relative files are looked for in `folder`.

    Raises:
        NotSet: one of them has no value; `where` says which setting that was.
    """

    def value(match: re.Match[str]) -> str:
        return "${" if match[1] else _value(match[2], variables, folder, where)

    return _PLACE.sub(value, text)


def _value(inside: str, variables: Mapping[str, str], folder: Path, where: str) -> str:
    if inside.startswith("file:"):
        return file_text(folder / Path(inside.removeprefix("file:")).expanduser(), where)
    if inside.startswith("keyring:"):
        return _from_keyring(inside.removeprefix("keyring:"), where)
    name, separator, default = inside.partition(":-")
    # As in a shell, `:-` also replaces an empty value.
    if (found := variables.get(name)) or (found is not None and not separator):
        return found
    if separator:
        return default
    raise NotSet(f"{where} ${{{name}}} is not set", hint=f"set {name}, or write ${{{name}:-default}}")


def file_text(path: Path, where: str) -> str:
    """A secret file's text without the line break that editors leave at its end.

    Raises:
        NotSet: it cannot be read or is empty.
    """
    try:
        text = path.read_bytes().decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise NotSet(
            f"{where} {path} cannot be read: {reason}", hint="mount the secret there, or change the path"
        ) from error
    if not text:
        raise NotSet(f"{where} {path} is empty", hint="write the secret into it, or change the path")
    return text


def _from_keyring(entry: str, where: str) -> str:
    try:
        from keyring import get_password  # pyright: ignore[reportMissingImports, reportUnknownVariableType]
    except ImportError as error:
        raise NotSet(
            f"{where} ${{keyring:{entry}}} needs the keyring package", hint="pip install keyring"
        ) from error
    service, _, user = entry.rpartition("/")
    secret: object = get_password(service, user)  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(secret, str):
        raise NotSet(
            f"{where} the keyring has no entry {service} for {user}", hint=f"keyring set {service} {user}"
        )
    return secret
