"""`fleetgauge dlq`: lists and shows dead letters, and replays each once."""
