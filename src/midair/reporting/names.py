"""The formats by name, without importing any."""

NAMES = ("text", "json", "markdown", "html", "sarif", "junit", "github", "gitlab")
"""What `--format` accepts; each is the module of its name in `formats/` (a test compares)."""
