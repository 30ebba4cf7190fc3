"""The command's run on a clock that tests turn: history, then the present, on a schedule."""

from collections import Counter
from datetime import timedelta
from math import inf

import msgspec
from structlog.testing import capture_logs

from emit.batch import MessageBatch, Packer
from emit.sender import ReconnectingSender
from emit.simulation.moments import SECOND_US, micros
from emit.simulation.progress import LINE_EVERY_S
from emit.simulation.run import Run
from emit.simulation.scenario import Scenario, Words, scenario
from emit.stats import DeliveryStats
from schemas.events import Event, Message, Sample
from tests.unit.emit.clocks import START, FakeClock
from tests.unit.emit.simulation.fleets import LIMIT, past, simulated
from tests.unit.emit.test_sender import Broker


class Slow(Broker):
    """Every answer takes some seconds."""

    def __init__(self, clock: FakeClock, seconds: float) -> None:
        super().__init__()
        self.clock = clock
        self.seconds = seconds

    async def deliver(self, batches: list[MessageBatch]) -> list[BaseException | None]:
        self.clock.pass_by(self.seconds)
        return await super().deliver(batches)


def of(duration: str, backfill: str = "0s", rate_limit: float = inf) -> Scenario:
    words = Words(
        agents=4,
        users=2,
        interval_s=10,
        duration=duration,
        backfill=backfill,
        rate_limit=rate_limit,
    )
    return scenario(words, START, LIMIT)


async def sent(planned: Scenario, broker: Broker, clock: FakeClock) -> list[Event]:
    """What the broker has when the run has ended."""
    packer = Packer("samples", "events", "json", 500_000)
    ledger = DeliveryStats()
    sender = ReconnectingSender(packer, broker.connect, clock, ledger)
    await Run(planned, sender, clock, ledger).run()
    events: list[Event] = []
    for batch in broker.taken:
        found = msgspec.json.decode(batch.value, type=Message)
        events += found if isinstance(found, list) else [found]
    return events


def present(planned: Scenario) -> Counter[bytes]:
    return encoded(simulated(planned).events(planned.start_us, planned.end_us))


def encoded(events: list[Event]) -> Counter[bytes]:
    return Counter(map(msgspec.json.encode, events))


async def test_the_present_lasts_as_long_as_asked() -> None:
    clock = FakeClock()
    found = await sent(of("10m"), Broker(), clock)
    assert encoded(found) == present(of("10m"))
    assert clock.passed_s == 600


async def test_ticks_do_not_drift_and_what_was_late_is_caught_up() -> None:
    clock = FakeClock()
    found = await sent(of("10m"), Slow(clock, 0.3), clock)
    assert encoded(found) == present(of("10m"))
    assert all(at == round(at) for at in clock.slept_until if at > 1)


async def test_a_long_outage_is_caught_up_in_order() -> None:
    clock = FakeClock()
    broker = Slow(clock, 1_000)
    found = await sent(of("1h"), broker, clock)
    assert encoded(found) == present(of("1h"))
    for agent in {event.agent_id for event in found if isinstance(event, Sample)}:
        times = [e.ts for e in found if isinstance(e, Sample) and e.agent_id == agent]
        assert times == sorted(times)


async def test_history_comes_first_and_the_present_goes_on_where_it_ends() -> None:
    clock, planned = FakeClock(), of("1m", backfill="6h")
    found = await sent(planned, Slow(clock, 5), clock)
    assert encoded(found) == encoded(list(past(planned))) + present(planned)


async def test_a_duration_of_nothing_is_history_alone() -> None:
    clock, planned = FakeClock(), of("0s", backfill="6h")
    assert encoded(await sent(planned, Broker(), clock)) == encoded(list(past(planned)))
    assert clock.passed_s == 0


async def test_the_limit_bounds_every_second() -> None:
    clock = FakeClock()
    found = await sent(of("0s", backfill="12h", rate_limit=50), Broker(), clock)
    assert len(found) / 50 - 1 <= clock.passed_s <= len(found) / 50 + 1


async def test_lines_report_how_far_the_history_is() -> None:
    clock = FakeClock()
    with capture_logs() as logs:
        await sent(of("0s", backfill="2d", rate_limit=100), Broker(), clock)
    lines = [line for line in logs if line["event"] == "sending history"]
    assert {line["of"] for line in lines} == {"business of 2 users", "samples of 4 agents"}
    assert all(line["events_a_second"] <= 120 for line in lines)
    assert lines[-1]["events_a_second"] > 90
    percents = [line["percent"] for line in lines if line["of"].startswith("samples")]
    assert percents == sorted(percents)
    assert len(lines) <= clock.passed_s / LINE_EVERY_S
    ends = [line for line in logs if line["event"] == "history sent"]
    assert ends[0]["events"] > 1_000


async def test_a_long_present_is_logged_periodically() -> None:
    with capture_logs() as logs:
        await sent(of("1h"), Broker(), FakeClock())
    assert len([line for line in logs if line["event"] == "sent"]) in {58, 59}


def test_start_is_where_the_clock_is() -> None:
    assert of("1m").end_us == micros(START + timedelta(minutes=1))
    assert of("1m").interval_us == 10 * SECOND_US
