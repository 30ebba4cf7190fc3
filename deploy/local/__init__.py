"""The stack on one machine: a Kafka broker and a TimescaleDB, with or without a Docker engine."""
