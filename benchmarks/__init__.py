"""The benchmark: the real program, publishers and a counting receiver, each in a process of its own."""
