"""What aiokafka's clients are told of the broker and of us, from the settings."""

from typing import Any

from schemas.settings import KafkaSettings


def security_options(kafka: KafkaSettings) -> dict[str, Any]:
    """How the broker is to know us, and we it."""
    password = kafka.kafka_password
    return {
        "security_protocol": kafka.kafka_security_protocol,
        "ssl_context": kafka.tls_context(),
        # Without a login aiokafka still wants the name of one that it knows.
        "sasl_mechanism": kafka.kafka_sasl_mechanism or "PLAIN",
        "sasl_plain_username": kafka.kafka_username,
        "sasl_plain_password": password.get_secret_value() if password else None,
    }


def client_options(kafka: KafkaSettings) -> dict[str, Any]:
    """The same, and where the broker is: what every consumer, producer and admin is made with."""
    return {"bootstrap_servers": kafka.kafka_bootstrap, **security_options(kafka)}
