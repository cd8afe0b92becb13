"""Templates: Liquid under limits, for bodies, header values and URLs. Pure: values in, text out."""
