"""Flyway's checksum of a file, Java's hash of a text, and reading a file as Flyway reads it (flyway.md §2, §4.1)."""

import codecs
import struct
import zlib
from pathlib import Path

from midair.errors import BadSetting, UnreadableFile

_BOM = "\ufeff"


def checksum(text: str) -> int:
    """CRC-32 of the lines without their breaks, as a signed 32-bit number."""
    lines = text.removeprefix(_BOM).replace("\r", "").replace("\n", "")
    return _signed(zlib.crc32(lines.encode("utf-8")))


def java_hash(text: str) -> int:
    """`String.hashCode()` of a text."""
    data = text.encode("utf-16-be", "surrogatepass")
    value = 0
    for unit in struct.unpack(f">{len(data) // 2}H", data):
        value = (31 * value + unit) & 0xFFFF_FFFF
    return _signed(value)


def _signed(value: int) -> int:
    return value - (1 << 32) if value & 0x8000_0000 else value


def decode(path: Path, encoding: str, *, detect: bool, shown: str) -> str:
    """A file's text. `shown` is its name for people.

    Raises:
        UnreadableFile: it is not there, or not text in this encoding.
        BadSetting: no such encoding.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableFile(f"{shown} cannot be read: {error.strerror}") from error
    name = _detected(data) if detect else encoding
    try:
        return data.decode(_codec(name, data))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableFile(
            f"{shown}:{line} is not {name}: byte 0x{data[error.start]:02X} at offset {error.start}",
            hint="set Flyway's `encoding` (or `encoding=` in the file's own .conf) to what the file is written in",
        ) from error


def _codec(name: str, data: bytes) -> str:
    if name.upper().replace("_", "-") in (
        "UTF-16",
        "UTF16",
    ):  # Java reads big-endian without a mark, Python does not
        return "utf-16" if data[:2] in (codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE) else "utf-16-be"
    try:
        return codecs.lookup(name).name
    except LookupError as error:
        raise BadSetting(
            f"Flyway's encoding {name!r} is not an encoding", hint="for instance UTF-8 or ISO-8859-1"
        ) from error


def _detected(data: bytes) -> str:
    if len(data) % 2 == 0 and data[:2] in (codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE):
        return "UTF-16"
    odd = data[1::2]
    hinted = bool(odd) and odd.count(0) * 2 > len(odd)
    for name in ("UTF-16", "UTF-8", "ISO-8859-1") if hinted else ("UTF-8", "ISO-8859-1"):
        try:
            data.decode(_codec(name, data))
        except UnicodeDecodeError:
            continue
        return name
    return "UTF-8"
