"""Kafka to TimescaleDB, exactly once: fetch → decode → shape → write → offsets."""
