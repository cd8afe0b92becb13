"""Source → Event: verify, identify, shake hands."""
