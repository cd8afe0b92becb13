"""Mask: what stands in the place of a secret wherever one would be shown."""

MASK = "***"
SHORTEST = 4
"""Characters of a secret. A shorter one cannot be told from other text, and so not be masked in it."""
