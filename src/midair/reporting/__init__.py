"""Values turned into text for people and machines.

Takes a `Report`, gives text in one `Format`; takes an `Event`, gives its line. May import: `model`,
`errors`, `registry`. Must not know: databases, files, the pipeline.
"""
