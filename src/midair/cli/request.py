"""What the settings say, as the pipeline's own value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import midair

if TYPE_CHECKING:
    from collections.abc import Mapping

    from midair.settings import Settings


def request_of(settings: Settings, extra: Mapping[str, str] | None = None) -> midair.Request:
    """The pipeline's request; `extra` are options for the tool that this command alone sets."""
    return midair.Request(
        root=settings.root,
        tool=settings.tool,
        url=settings.url,
        password=settings.password,
        variables=settings.variables,
        tool_options={**_tool_options(settings), **(extra or {})},
        python=settings.python,
        lock_wait_s=settings.lock_wait_s,
        lock_budget_s=settings.lock_budget_s,
        statement_timeout_s=settings.statement_timeout_s,
        wait_s=settings.wait_s,
        scratch_url=settings.scratch,
        environment=settings.environment,
        strategy=settings.strategy,
        insists=settings.says("strategy"),
        terminate_blockers_s=settings.terminate_blockers_s,
        small_table_bytes=round(settings.small_table_mb * (1 << 20)),
        standard=midair.Standard(settings.gate_age_s, settings.gate_quiet_s),
        archive_s=settings.archive_s,
        pace=_pace(settings),
    )


def _pace(settings: Settings) -> midair.Pace:
    return midair.Pace(
        settings.workers,
        settings.batch_time_s,
        duty=settings.duty / 100,
        throttled=settings.throttle,
        max_wal_bytes_s=settings.max_wal_mb * (1 << 20) if settings.max_wal_mb is not None else None,
        health_sql=settings.health_sql,
        slowdown=settings.slowdown,
    )


def _tool_options(settings: Settings) -> Mapping[str, str]:
    """The options of the one tool that is meant; which one it is must be looked up only when options are there."""
    if not settings.tool_options:
        return {}
    tools = (
        {settings.tool}
        if settings.tool
        else {found.tool for found in midair.detect(settings.root, settings.variables)}
    )
    chosen = [options for tool, options in settings.tool_options.items() if tool in tools]
    return chosen[0] if len(chosen) == 1 else {}
