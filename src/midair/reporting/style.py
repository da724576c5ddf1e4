"""Colour, symbols, tables and numbers for people."""

from collections.abc import Sequence

from midair.model.frozen import frozen
from midair.reporting.format import Look

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_TWINS = {
    "✓": "ok",
    "●": "*",
    "○": "-",
    "✗": "x",
    "⏸": "||",
    "→": "->",
    "·": "-",
    "…": "...",
    "≤": "<=",
    "─": "-",
    "•••": "***",
    "–": "-",
}


@frozen
class Cell:
    """One field of a table row; `colour` never carries meaning alone."""

    text: str
    colour: str | None = None


def painted(text: str, colour: str | None, look: Look) -> str:
    """The text in a colour, where the screen has colours."""
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if colour and look.colour and text else text


def plain(text: str, look: Look) -> str:
    """The text with its symbols replaced by their ASCII twins, where the screen cannot say them."""
    if not look.ascii:
        return text
    for symbol, twin in _TWINS.items():
        text = text.replace(symbol, twin)
    return text.encode("ascii", "replace").decode()


def table(rows: Sequence[Sequence[Cell | str]], look: Look, indent: str = "  ") -> list[str]:
    """Aligned lines; on a narrow screen the last column is cut, so put the least important one there."""
    cells = [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in rows]
    columns = max((len(row) for row in cells), default=0)
    widths = [max((len(row[i].text) for row in cells if i < len(row)), default=0) for i in range(columns)]
    lines: list[str] = []
    for row in cells:
        used, parts = len(indent), list[str]()
        for i, cell in enumerate(row):
            text = cell.text if look.width is None else _cut(cell.text, look.width - used)
            last = i == len(row) - 1
            parts.append(
                painted(text, cell.colour, look) + ("" if last else " " * (widths[i] - len(text) + 2))
            )
            used += widths[i] + 2
        lines.append((indent + "".join(parts)).rstrip())
    return lines


def _cut(text: str, room: int) -> str:
    return text if len(text) <= max(room, 8) else text[: max(room, 8) - 1] + "…"


def length_of_time(seconds: float) -> str:
    """`180 ms`, `12 s`, `3 min 40 s`, `2 h 5 min`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def count(number: int, noun: str, many: str | None = None) -> str:
    """`1 migration`, `3 migrations`."""
    return f"{number} {noun if number == 1 else many or noun + 's'}"


def bytes_of(size: int) -> str:
    """`310 MiB`, `1.2 GiB`."""
    amount = float(size)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if amount >= 10 or unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"
