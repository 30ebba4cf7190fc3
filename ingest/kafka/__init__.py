"""Reads Kafka's record batches in place of aiokafka's own reader; see docs/decisions/0020."""
