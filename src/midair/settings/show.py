"""Every effective value with its origin, secrets as •••: what `midair config show` prints."""

from msgspec.structs import fields

from midair.model.frozen import frozen
from midair.settings.load import Settings
from midair.settings.shape import Adjustable

_DEFAULTS = {
    "strategy": "online; direct on this machine",
    "lock_wait": "50ms",
    "lock_budget": "10min",
    "protected": "false",
    "fail_on": "high",
    "wait": "0s",
    "workers": "1",
    "batch_time": "10ms",
    "duty": "100",
    "slowdown": "1.5",
    "throttle": "true",
    "small_table_mb": "1",
    "gate_age": "0s",
    "gate_quiet": "30min",
}


@frozen
class Shown:
    """One setting for people. `origin` is `default` when nobody set it."""

    name: str
    value: str
    origin: str


def shown(settings: Settings) -> tuple[Shown, ...]:
    """All settings, in the order of the reference page; unset ones without a default are left out."""
    rows = [
        Shown("project", str(settings.root), settings.file.name if settings.file else "the current folder")
    ]
    if settings.environment:
        rows.append(Shown("environment", settings.environment, str(settings.origins["environment"])))
    for setting in fields(Adjustable):
        origin = settings.origins.get(setting.name)
        if origin is not None:
            rows.append(Shown(setting.name, _text(settings, setting.name), str(origin)))
        elif setting.name in _DEFAULTS:
            rows.append(Shown(setting.name, _DEFAULTS[setting.name], "default"))
    rows += [Shown(name, value, place) for name, value, place in settings.rules.shown()]
    if settings.masks:
        place = settings.file.name if settings.file else ""
        rows.append(Shown("rehearse.mask", ", ".join(settings.masks), place))
    for tool, options in settings.tool_options.items():
        rows += [
            Shown(f"tools.{tool}.{name}", "•••" if _hidden(name) else value, "midair.toml")
            for name, value in options.items()
        ]
    return tuple(rows)


def _text(settings: Settings, name: str) -> str:
    if name in ("url", "url_file", "password_file", "scratch"):
        return "•••"
    seconds = {"lock_wait": settings.lock_wait_s, "lock_budget": settings.lock_budget_s,
               "wait": settings.wait_s, "batch_time": settings.batch_time_s, "terminate_blockers_older_than": settings.terminate_blockers_s, "statement_timeout": settings.statement_timeout_s,
               "gate_age": settings.gate_age_s, "gate_quiet": settings.gate_quiet_s, "archive": settings.archive_s}.get(name)  # fmt: skip
    if seconds is not None:
        return f"{seconds * 1000:g}ms" if seconds < 1 else f"{seconds:g}s"
    value = getattr(settings, name)
    if isinstance(value, float):
        return f"{value:g}"
    return ("false", "true")[value] if isinstance(value, bool) else str(value)


def _hidden(option: str) -> bool:
    """Tools name their own options; these words mark the ones that hold, or may hold, a password."""
    return any(word in option.lower() for word in ("password", "url", "dsn", "secret", "token", "dbstring"))
