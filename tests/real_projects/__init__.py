"""midair on projects that somebody else wrote, obtained by scripts/fetch_projects.py."""
