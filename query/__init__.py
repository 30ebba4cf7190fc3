"""The HTTP service for dashboards, answered from the aggregates in TimescaleDB."""
