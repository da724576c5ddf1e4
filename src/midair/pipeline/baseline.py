"""The findings a project had when it began to use `check`, kept in a file beside it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from midair.errors import BadSetting
from midair.model.finding import AllowedBy, Finding

FORMAT_VERSION = 1


def read_baseline(path: Path) -> frozenset[str]:
    """The fingerprints a baseline holds.

    Raises:
        BadSetting: there is no such file, or it is no baseline.
    """
    try:
        document: object = json.loads(path.read_bytes())
    except OSError as error:
        raise BadSetting(
            f"the baseline {path} cannot be read: {error.strerror}",
            hint="midair check --baseline FILE --update-baseline writes it",
        ) from error
    except ValueError as error:
        raise _broken(path, f"it is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise _broken(path, "it holds no table")
    table = cast("dict[str, object]", document)
    found = table.get("findings")
    if table.get("format_version") != FORMAT_VERSION or not isinstance(found, list):
        raise _broken(path, f"format_version {FORMAT_VERSION} with a list of findings was expected")
    marks = [
        cast("dict[str, object]", each).get("fingerprint") if isinstance(each, dict) else None
        for each in cast("list[object]", found)
    ]
    if not all(isinstance(each, str) for each in marks):
        raise _broken(path, "a finding has no fingerprint")
    return frozenset(str(each) for each in marks)


def write_baseline(path: Path, findings: Sequence[Finding]) -> int:
    """Keeps every finding that counts, or only the baseline allowed so far; how many.

    Raises:
        BadSetting: the file cannot be written.
    """
    kept = [each for each in findings if each.counts or each.allowed_by is AllowedBy.BASELINE]
    rows = [
        {"fingerprint": each.fingerprint, "code": each.code, "path": each.span.path, "message": each.message}
        for each in sorted(kept, key=lambda each: (each.span.path, each.span.line, each.code))
    ]
    text = json.dumps({"format_version": FORMAT_VERSION, "findings": rows}, indent=1, ensure_ascii=False)
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise BadSetting(
            f"the baseline {path} cannot be written: {error.strerror}",
            hint="name a file in a folder that exists",
        ) from error
    return len(kept)


def _broken(path: Path, why: str) -> BadSetting:
    return BadSetting(
        f"{path} is no baseline of midair: {why}",
        hint="midair check --baseline FILE --update-baseline writes it anew",
    )
