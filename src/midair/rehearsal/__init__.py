"""A throwaway server, and the plan tried on it.

Takes a plan, gives a `Trace`. May import: `execution`, `journal`, `database`, `dialects`, `sources`,
`model`, `errors`. Must not know: the live database's address.
"""
