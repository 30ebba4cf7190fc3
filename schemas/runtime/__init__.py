"""Shared by all commands: command line, logs, progress, clients of the broker."""
