"""Hookline sends and receives webhooks."""

__version__ = "0.1.0"
