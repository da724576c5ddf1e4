"""The frozen values every room speaks: migrations, statements, plans, steps, events.

Takes: nothing. Gives: values. May import: `errors`. Must not know: any input or output.
"""
