"""Runs a plan: locks, retries, transactions, resumption.

Takes a plan, gives events and an outcome. May import: `journal`, `database`, `dialects`, `model`,
`errors`. Must not know: parsing, tools, rules.
"""
