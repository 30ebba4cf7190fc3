"""Kafka clients and a reader of record batches for aiokafka; see docs/decisions/0020."""
