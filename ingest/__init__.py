"""Kafka to TimescaleDB, exactly once: read → decode → prepare → write → advance."""

import os

# Read when polars is imported. A batch is decoded by one thread: more would take the cores that the
# broker and the database need, and be of no use for a hundredth of a second's work.
os.environ.setdefault("POLARS_MAX_THREADS", "1")
