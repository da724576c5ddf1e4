"""DO blocks that guard their statements: what they ask of the catalog, and whether what follows will run.

Takes a block's text and a schema; gives statements in the order they would run, or why nobody can tell. May import: the
grammar through `parse`, `changes`, `model`. Must not know: plans, scenes, connections.
"""
