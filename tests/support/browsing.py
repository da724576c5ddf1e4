"""A real browser, headless: what a page shows, what its console says, how it looks."""

import os
import subprocess
from pathlib import Path

from tests.peers.places import REPOSITORY, peer

_SHOTS = REPOSITORY / "build" / "screenshots"
_PNG = b"\x89PNG\r\n\x1a\n"


def browse(page: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    """One visit by a browser that nobody else uses, without a sandbox because containers seldom allow one."""
    flags = (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--enable-logging=stderr",
        "--log-level=0",
    )
    profile = f"--user-data-dir={page.parent / 'browser'}"
    return subprocess.run(
        [peer("chromium"), *flags, profile, *words, page.as_uri()],
        capture_output=True,
        check=True,
        timeout=60,
        env=dict(os.environ) | {"HOME": str(page.parent)},
    )


def opened_quietly(page: Path) -> str:
    """What the browser made of the page, as HTML; fails where its console says anything."""
    ran = browse(page, "--dump-dom", "--virtual-time-budget=2000")
    said = ran.stderr.decode(errors="replace")
    assert "CONSOLE" not in said, said
    return ran.stdout.decode()


def shot(page: Path, name: str, size: str) -> None:
    """Keeps a picture of this size (`1280,1600`); fails where there is hardly anything in it."""
    _SHOTS.mkdir(parents=True, exist_ok=True)
    path = _SHOTS / f"{name}.png"
    path.unlink(missing_ok=True)
    browse(page, f"--screenshot={path}", f"--window-size={size}")
    picture = path.read_bytes()
    assert picture.startswith(_PNG)
    width, height = (int.from_bytes(picture[start : start + 4], "big") for start in (16, 20))
    assert (width, height) == tuple(int(each) for each in size.split(","))
    assert len(picture) > 20_000  # an empty page of this size packs into a tenth of it
