"""An agent's load by the hour, and the samples computed from it."""

from math import pi, sin
from typing import Final, NamedTuple

from emit.simulation.moments import DAY_US, HOUR_US, SECOND_US, time_of
from emit.simulation.roster import SimulatedAgent
from emit.simulation.seasonality import busy
from emit.simulation.seeded import scrambled
from schemas.events import Sample

_HOURS: Final = range(25)
_SHARE: Final = 1 / 0xFFFF
_USUAL_ERRORS: Final = 0.003


class Curves(NamedTuple):
    """One day's values at each hour, including both midnights; interpolated in between.

    `load` is 0 to about 1.1; `memory` is percent without load; `storage` is MB in use.
    """

    load: list[float]
    memory: list[float]
    storage: list[float]


def curves(agent: SimulatedAgent, day: int) -> Curves:
    """The curves, deterministic for an agent and a day."""
    hours = [day * 24 + hour for hour in _HOURS]
    season = agent.user.season(day)
    return Curves(
        load=[_load(agent, hour) * min(season, 1.6) / 1.6 for hour in hours],
        memory=[agent.memory + _leak(agent, hour) for hour in hours],
        storage=[agent.storage_mb * _filled(agent, hour) for hour in hours],
    )


def _load(agent: SimulatedAgent, hour: int) -> float:
    drift = 1 + 0.15 * sin(2 * pi * hour / (24 * 11) + agent.key % 7)
    return busy(hour * HOUR_US, agent.user.offset_us) * drift


def _leak(agent: SimulatedAgent, hour: int) -> float:
    """Percent: memory grows for some days and is then released."""
    period = 60 + agent.key % 120
    return 18 * ((hour + agent.key % 997) % period) / period


def _filled(agent: SimulatedAgent, hour: int) -> float:
    """The share of storage in use: it fills for days, then is cleaned up."""
    period = 24 * 3 + agent.key % (24 * 6)
    return 0.3 + 0.6 * ((hour + agent.key % 1_009) % period) / period


def sample(
    agent: SimulatedAgent,
    agent_id: str,
    curve: Curves,
    at_us: int,
    interval_us: int,
    severity: float,
) -> Sample:
    """The sample at `at_us`, deterministic; its counts cover the `interval_us` before."""
    hour, past_us = divmod(at_us % DAY_US, HOUR_US)
    past = past_us / HOUR_US
    # One draw has the noise of all values, 16 bits each.
    chance = scrambled(agent.key, at_us)
    swing = (chance & 0xFFFF) * _SHARE
    jitter = (chance >> 16 & 0xFFFF) * _SHARE
    rounding = (chance >> 32 & 0xFFFF) * _SHARE
    misfortune = (chance >> 48) * _SHARE
    load = _between(curve.load, hour, past) * (0.8 + 0.4 * swing)
    # Rounded randomly, so that rare messages also occur in short intervals.
    messages = int(agent.rate * load * (interval_us / SECOND_US) + rounding)
    errors = int(messages * (_USUAL_ERRORS + severity) * (0.6 + 0.8 * jitter) + misfortune)
    slowness = (1 + 1.6 * load * load + 6 * severity) * (0.85 + 0.3 * jitter)
    memory = _between(curve.memory, hour, past) + 20 * load + 1.5 * misfortune
    return Sample(
        user_id=agent.user.user_id,
        agent_id=agent_id,
        ts=time_of(at_us),
        cpu=_hundredths(min(100.0, agent.cpu + 68 * load + 40 * severity + 5 * jitter)),
        memory=_hundredths(min(100.0, memory)),
        messages=messages,
        errors=min(errors, messages),
        response_ms=_hundredths(agent.response_ms * slowness) if messages else None,
        storage_used_mb=_hundredths(_between(curve.storage, hour, past)),
        storage_total_mb=agent.storage_mb,
    )


def _between(points: list[float], hour: int, past: float) -> float:
    return points[hour] + (points[hour + 1] - points[hour]) * past


def _hundredths(value: float) -> float:
    # Takes a quarter of the time of round(), for five numbers per sample.
    return int(value * 100) / 100
