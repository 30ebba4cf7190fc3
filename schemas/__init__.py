"""Every shape that crosses a boundary: Kafka events, HTTP answers, settings."""
