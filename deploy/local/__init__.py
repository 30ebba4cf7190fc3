"""The local stack: a Kafka broker and a TimescaleDB, with or without a Docker engine."""
