"""`hookline openapi`."""
