"""Types of everything that crosses a boundary: Kafka events, HTTP answers, settings."""
