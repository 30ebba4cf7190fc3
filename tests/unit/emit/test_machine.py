"""Samples of this very machine fit the contract."""

import msgspec

from emit.machine import Machine
from schemas.events import Message, Sample
from tests.unit.emit.clocks import START, FakeClock


def a_sample() -> Sample:
    return Machine("ada", "laptop", FakeClock()).sample()


def test_a_sample_survives_the_wire() -> None:
    sample = a_sample()
    assert msgspec.json.decode(msgspec.json.encode(sample), type=Message) == sample


def test_it_carries_the_ids_and_the_time_of_the_clock() -> None:
    sample = a_sample()
    assert (sample.user_id, sample.agent_id, sample.ts) == ("ada", "laptop", START)


def test_readings_are_plausible() -> None:
    sample = a_sample()
    assert sample.memory is not None
    assert 0 < sample.memory <= 100
    assert sample.storage_used_mb is not None
    assert sample.storage_total_mb is not None
    assert 0 < sample.storage_used_mb <= sample.storage_total_mb


def test_a_machine_handles_no_messages() -> None:
    sample = a_sample()
    assert (sample.messages, sample.errors, sample.response_ms) == (0, 0, None)
