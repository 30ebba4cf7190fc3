"""Shared by the tests: the stack and its processes, test doubles, and data."""
