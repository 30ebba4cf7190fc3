"""TimescaleDB to HTTP: what dashboards ask for, answered from the aggregates."""
