"""The demo's project: a small shop and five naive migrations of it, in Flyway's format.

Holds SQL files only. May import: nothing. Must not know: anything.
"""
