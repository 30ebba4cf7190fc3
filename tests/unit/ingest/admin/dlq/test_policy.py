"""Which dead letters are replayed, and why others are not: a line a case."""

import msgspec
import pytest

from ingest.admin.dlq.commands import REASONS
from ingest.admin.dlq.letter import Letter, SourceRef
from ingest.admin.dlq.policy import ReplayedRefs, ReplayPolicy, SkipReason
from schemas.settings import KafkaSettings
from tests.unit.ingest.admin.dlq.letters import letter


def choice(*replayed: str, most_replays: int = 3) -> ReplayPolicy:
    ledger = ReplayedRefs()
    for place in replayed:
        ledger.add(SourceRef.parse(place))
    return ReplayPolicy(KafkaSettings(kafka_bootstrap="a:1"), ledger, most_replays)


def replayed_often(count: int) -> Letter:
    return letter(headers=[("fleetgauge.replays", str(count).encode())])


CASES = [
    (letter(), None),
    (letter(place="fleet.events/1/2"), None),
    (letter(place="fleet.other/1/2"), SkipReason.ELSEWHERE),
    (letter(place="fleet.deadletter/0/2"), SkipReason.ELSEWHERE),
    (letter(place="fleet.samples/0/1"), SkipReason.BEFORE),
    (letter(place="fleet.samples/0/2"), None),
    (letter(b"[{}]", place="fleet.samples/0/1/0"), None),
    (letter(b"[{}]", place="fleet.samples/0/2/0"), SkipReason.BEFORE),
    (letter(b"[{}]", place="fleet.samples/0/3/1"), SkipReason.NOT_THERE),
    (msgspec.structs.replace(letter(), is_whole=False), SkipReason.INCOMPLETE),
    (replayed_often(2), None),
    (replayed_often(3), SkipReason.TOO_OFTEN),
    (replayed_often(4), SkipReason.TOO_OFTEN),
]


@pytest.mark.parametrize(("found", "skipped"), CASES)
def test_who_is_passed_over(found: Letter, skipped: SkipReason | None) -> None:
    made = choice("fleet.samples/0/1", "fleet.samples/0/2/0")
    assert made.skip_reason(found) is skipped


def test_one_that_is_there_twice_is_replayed_once() -> None:
    made = choice()
    found = [made.skip_reason(letter(own=own)) for own in range(3)]
    assert found == [None, SkipReason.BEFORE, SkipReason.BEFORE]


def test_the_command_knows_every_reason() -> None:
    from typing import get_args

    from ingest.rejection import Reason

    assert get_args(Reason) == REASONS
