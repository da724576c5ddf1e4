"""A change turned into safe steps.

Takes a `Plan`, gives a safer `Plan` of the same type. May import: `dialects`, `model`, `errors`. Must
not know: the live server; rule code (only rule codes).
"""
