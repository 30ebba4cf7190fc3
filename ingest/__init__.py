"""Kafka to TimescaleDB, exactly once: read → decode → prepare → write → advance."""

import os

# Read when polars is imported. One thread decodes a batch: more threads would take cores from the
# broker and the database, and gain nothing for 10 ms of work.
os.environ.setdefault("POLARS_MAX_THREADS", "1")
