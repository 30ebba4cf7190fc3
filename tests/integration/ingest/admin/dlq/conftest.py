"""What the tests of the dead letters' commands share."""

from collections.abc import Callable

import pytest

from schemas.settings import KafkaSettings
from tests.support.stack import Stack, Topics, environment


@pytest.fixture
def dead_letters(kafka: KafkaSettings, made_topics: Topics) -> KafkaSettings:
    """The broker, and topics of this test's own, which are made."""
    assert made_topics.deadletter == kafka.deadletter_topic
    return kafka


@pytest.fixture
def dlq_environment(stack: Stack, made_topics: Topics) -> Callable[..., dict[str, str]]:
    """The environment of a command on these topics; it has no database."""

    def build(**more: str) -> dict[str, str]:
        variables = environment("", stack, made_topics)
        del variables["FLEETGAUGE_DATABASE_URL"]
        return {**variables, **more}

    return build
