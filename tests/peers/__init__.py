"""midair beside the real tools: the same database, worked on in turn and at once."""
