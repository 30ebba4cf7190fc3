"""What every command needs beside shapes: command line, logs, progress, clients of the broker."""
