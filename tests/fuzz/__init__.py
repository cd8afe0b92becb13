"""Fuzzing of what strangers reach without a key: `python -m tests.fuzz --minutes 10`; a short form in `make test`."""
