"""Every session file is run on a real server, command by command."""

from pathlib import Path

import pytest

from midair.model.address import Address
from tests.cli.session_file import exchanges, fits, prepare, run
from tests.conftest import url_of

SESSIONS = sorted((Path(__file__).parent / "sessions").glob("*.txt"))


@pytest.mark.parametrize("path", SESSIONS, ids=lambda path: path.stem)
def test_a_session_goes_as_written(path: Path, tmp_path: Path, database: Address) -> None:
    text = path.read_text()
    prepare(text, tmp_path)
    found = tuple(exchanges(text))
    assert found, f"{path} has no commands"
    for exchange in found:
        output, code = run(exchange.line, tmp_path, {"DB": url_of(database).reveal()})
        assert fits(exchange.output, output), (
            f"$ {exchange.line}\n--- expected\n{exchange.output}--- printed\n{output}"
        )
        assert code == exchange.code, f"$ {exchange.line} left with {code}\n{output}"
