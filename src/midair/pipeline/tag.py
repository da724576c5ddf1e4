"""A name for where the database stands."""

from midair.errors import BadSetting, Unsupported
from midair.execution.services import Reporter
from midair.pipeline.opening import alone, opening
from midair.pipeline.request import Request

_LONGEST = 255


def tag(request: Request, report: Reporter, name: str) -> None:
    """Gives the newest applied migration a name, in the tool's own history.

    Raises:
        BadSetting: the name is empty or too long.
        Unsupported: the tool's history has no place for names.
    """
    if not name.strip() or len(name) > _LONGEST:
        raise BadSetting(f"{name!r} is no name for a tag", hint=f"1 to {_LONGEST} characters")
    with opening(request) as opened, alone(opened, report):
        if opened.source.tag is None:
            raise Unsupported(
                f"{opened.project.tool}'s history has no place for names",
                hint="tag the commit in git; `midair rollback --to REVISION` takes any revision",
            )
        opened.session.run(opened.source.tag(opened.session, opened.project, name), atomic=True)
