"""One folder per database product: text → statements → changes → effects; server → schema.

Takes SQL text or a server; gives statements, changes, effects, snapshots. May import: `database`,
`model`, `errors`. Must not know: tools, rules, plans.
"""
