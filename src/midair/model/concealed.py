"""Statements as they may be shown: a password that stands in one is nobody's to read."""

import re

_QUOTE = r"(?:'|\\u0027|&\#x27;|&\#39;)"
"""As it is, and as JSON and HTML write it."""
_SPACE = r"(?:\s|\\n)"
_GIVEN = re.compile(
    rf"""(\bPASSWORD{_SPACE}+)  # CREATE ROLE … PASSWORD 'x', OPTIONS (password 'x')
         (?:E?{_QUOTE}(?:(?!{_QUOTE})[^\n]|{_QUOTE}{{2}})*(?:{_QUOTE}|\Z|(?=\n))  # a title may end in the middle of it
         |\$(\w*)\$.*?\$\2\$)""",
    re.IGNORECASE | re.VERBOSE,
)
_IN_CONNECTION = re.compile(
    rf"(\b(?:CONNECTION|dblink_connect\s*\(){_SPACE}*{_QUOTE}(?:(?!{_QUOTE})[^\n])*?\bpassword\s*=\s*)[^\s'&\\]+",
    re.IGNORECASE,
)
_INSTEAD = r"\1***"
"""No SQL: a script that lacks its password must fail, and not set this one."""


def concealed(text: str) -> str:
    """The text without the passwords that SQL statements in it set. It is never to be sent to a server."""
    if "password" not in text.lower():
        return text
    return _IN_CONNECTION.sub(_INSTEAD, _GIVEN.sub(_INSTEAD, text))


def title_of(sql: str) -> str:
    """A statement's beginning on one line, for lists of steps; at most 100 characters."""
    return " ".join(concealed(sql[:200]).split())[:100]
