"""Reads `V1__x.sql.conf`, the settings of one file (flyway.md §1.6)."""

from pathlib import Path

from midair.errors import BadSetting, UnreadableFile, Unsupported
from midair.sources.tools.flyway.local import ScriptSettings
from midair.sources.tools.flyway.placeholders import Placeholders, replaced


def script_settings(path: Path | None, placeholders: Placeholders, shown: str) -> ScriptSettings:
    """The file's own settings; all left open when it has no `.conf` beside it.

    Raises:
        BadSetting: an unknown key, or a value that is neither true nor false.
        Unsupported: `shouldExecute` holds an expression.
    """
    if path is None:
        return ScriptSettings()
    import javaproperties

    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFile(f"{shown}.conf cannot be read as UTF-8") from error
    values = javaproperties.loads(replaced(text, placeholders, f"{shown}.conf"))
    known = {"executeInTransaction", "encoding", "placeholderReplacement", "shouldExecute"}
    for key in values:
        if key not in known:
            raise BadSetting(
                f"{shown}.conf: Unknown configuration property: {key}",
                hint=f"it can be {', '.join(sorted(known))}",
            )
    return ScriptSettings(
        _switch(values.get("executeInTransaction"), "executeInTransaction", shown),
        values.get("encoding"),
        _switch(values.get("placeholderReplacement"), "placeholderReplacement", shown),
        _should_execute(values.get("shouldExecute", "true"), shown),
    )


def _switch(value: str | None, key: str, shown: str) -> bool | None:
    if value is None:
        return None
    if value.strip().lower() not in ("true", "false"):
        raise BadSetting(f"{shown}.conf: {key} is {value!r}; it can be true or false")
    return value.strip().lower() == "true"


def _should_execute(value: str, shown: str) -> bool:
    if value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise Unsupported(
        f"{shown}.conf: shouldExecute={value} is an expression, which midair does not evaluate",
        hint="replace it by true or false for this environment, or leave the file out of this environment's locations",
    )
