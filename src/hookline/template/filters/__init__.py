"""What may stand behind a `|` in a template."""
