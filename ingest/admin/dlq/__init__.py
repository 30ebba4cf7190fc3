"""`fleetgauge dlq`: reads the dead letters, and replays them, each once, after a fix."""
