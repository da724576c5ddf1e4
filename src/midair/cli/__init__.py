"""One file per command: arguments in, pipeline call, exit code out.

Takes argv, gives an exit code. May import: `pipeline`, `settings`, `reporting`, `model`, `errors`.
Must not know: SQL, the driver, any rule.
"""
