"""Reads a project's migrations as they are, and its tool's history table.

Takes a folder, gives migrations, scripts and the `History` as data. May import: `dialects`,
`database`, `model`, `errors`. Must not know: rules, steps, another tool.
"""
