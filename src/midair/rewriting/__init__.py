"""A statement turned into safe steps.

Takes one statement and the schema it meets, gives pieces: SQL with its phase, probe, undo and reason.
May import: `dialects`, `model`, `errors`, `registry`. Must not know: the live server; tools, plans'
layout, rule code (only rule codes).
"""
