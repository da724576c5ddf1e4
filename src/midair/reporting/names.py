"""The formats by name, without importing any."""

NAMES = ("text", "json", "markdown", "sarif", "junit", "github", "gitlab", "html")
"""What `--format` accepts; each is the module of its name in `formats/` (a test compares)."""
