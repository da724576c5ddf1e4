"""A new migration in the project's own tool."""

from pathlib import Path

from midair.pipeline.opening import open_project, options_of
from midair.pipeline.request import Request


def new(request: Request, description: str) -> tuple[Path, ...]:
    """Writes an empty migration in the tool's own format, named by its convention, with the downgrade part."""
    source, project = open_project(request)
    return source.new(project, description, options_of(request))
