"""Options of aiokafka's clients, from the settings."""

from typing import Any

from schemas.settings import KafkaSettings


def security_options(kafka: KafkaSettings) -> dict[str, Any]:
    """TLS and login options."""
    password = kafka.kafka_password
    return {
        "security_protocol": kafka.kafka_security_protocol,
        "ssl_context": kafka.tls_context(),
        # Even without a login aiokafka requires a known mechanism.
        "sasl_mechanism": kafka.kafka_sasl_mechanism or "PLAIN",
        "sasl_plain_username": kafka.kafka_username,
        "sasl_plain_password": password.get_secret_value() if password else None,
    }


def client_options(kafka: KafkaSettings) -> dict[str, Any]:
    """Options of every consumer, producer and admin client: brokers, TLS and login."""
    return {"bootstrap_servers": kafka.kafka_bootstrap, **security_options(kafka)}
