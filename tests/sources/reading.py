"""A tool's project out of files that a test writes, and what of them is sent, in which transactions."""

from collections.abc import Mapping
from pathlib import Path

from midair.model.migration import Script
from midair.sources.source import Options, Project, Source
from tests.support.folders import written


def project_in(
    root: Path,
    source: Source,
    files: Mapping[str, str],
    variables: Mapping[str, str],
    tool: Mapping[str, str],
) -> Project:
    """The project that the tool's source recognises in these files, read with these settings."""
    found = next(source.recognises(written(root, files), variables))
    return source.read(found, Options(variables=variables, tool=tool))


def sent(script: Script) -> list[tuple[bool, list[str]]]:
    """Each block: whether it is one transaction, and its statements, each behind the number of its line."""
    return [
        (block.atomic, [f"{each.span.line} {each.sql}" for each in block.statements])
        for block in script.blocks
    ]
