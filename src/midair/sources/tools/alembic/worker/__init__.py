"""A program for the project's own Python: runs its Alembic and tells, line by line, what it sends.

It is started by another Python than midair's, so it imports nothing of midair and nothing that the
project does not have; `__main__.py` loads it under a name of its own, so that none of its modules can
be taken for one of the project's. A request comes as one line of JSON on stdin; answers leave as lines
of JSON on what was stdout, while the project's own prints go to stderr. A live run asks before each
statement, and midair's reply is the next line of stdin. Only public hooks are used: SQLAlchemy's
`do_connect`, cursor and transaction events, and the `fn` of Alembic's EnvironmentContext. SQLAlchemy
1.4–2.1, Alembic 1.8–1.20, Python 3.8 and later.
"""
