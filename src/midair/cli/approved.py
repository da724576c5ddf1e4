"""The approved plan in a file: what `midair plan -f json` wrote and somebody agreed to."""

from pathlib import Path

import msgspec

from midair.errors import BadSetting, PlanChanged
from midair.model.migration import Direction
from midair.reporting.report import FORMAT_VERSION


class _Plan(msgspec.Struct):
    direction: Direction


class ApprovedPlan(msgspec.Struct):
    """What decides whether a new plan is the approved one: its digest, made again for the same target."""

    digest: str
    plan: _Plan
    target: str | None = None
    keep_target: bool = False


class _Document(msgspec.Struct):
    format_version: int
    payload: ApprovedPlan


def approved_plan(file: str, direction: Direction) -> ApprovedPlan:
    """Reads the file.

    Raises:
        BadSetting: it is missing or no plan.
        PlanChanged: it is a plan for the other direction.
    """
    try:
        document = msgspec.json.decode(Path(file).read_bytes(), type=_Document)
    except OSError as error:
        raise BadSetting(
            f"--plan: {file} cannot be read: {error.strerror}", hint="midair plan -f json -o plan.json"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadSetting(
            f"--plan: {file} is not a plan: {error}", hint="midair plan -f json -o plan.json"
        ) from error
    if document.format_version != FORMAT_VERSION:
        raise BadSetting(
            f"--plan: {file} has format_version {document.format_version}",
            hint=f"this midair reads {FORMAT_VERSION}; plan again",
        )
    if document.payload.plan.direction is not direction:
        raise PlanChanged(
            f"{file} plans the other direction ({document.payload.plan.direction})",
            state="nothing was changed",
            hint="midair apply for up, midair rollback for down",
        )
    return document.payload
