"""The scenario to simulate, validated from the command's options."""

from datetime import datetime, timedelta
from math import inf
from typing import Final

import msgspec

from emit.batch import Encoding
from emit.schedule import checked_interval
from emit.simulation.drill import LEAD_US, Incident
from emit.simulation.moments import HOUR_US, MINUTE_US, SECOND_US, micros, span_us, time_of

# Allowed lead over the broker's clock.
_AHEAD_US: Final = 5 * MINUTE_US
# Time for the oldest samples to arrive before they are too old.
_MARGIN_US: Final = HOUR_US
_NEVER: Final = 2**62


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """The options as given; spans such as `30d`, `start` with an offset."""

    agents: int
    users: int
    interval_s: float
    backfill: str = "0s"
    backfill_interval: str = "5m"
    duration: str | None = None
    rate_limit: float = inf
    seed: int = 1
    start: str | None = None
    encoding: Encoding = "json"
    incident: bool = False


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """Times in microseconds since 1970; the history is from `begin_us` to `start_us`, the live part
    from there to `end_us`."""

    agents: int
    users: int
    seed: int
    interval_us: int
    backfill_interval_us: int
    begin_us: int
    start_us: int
    end_us: int
    rate_limit: float
    encoding: Encoding
    incident: Incident | None = None


def scenario(words: Words, now: datetime, limit: timedelta) -> Scenario:
    """The validated scenario; raises ValueError that names the option and its valid values.

    `limit` is the lateness limit of samples.
    """
    now_us = micros(now)
    oldest_us = now_us - limit // timedelta(microseconds=1) + _MARGIN_US
    start_us = now_us if words.start is None else _start(words.start, oldest_us, now_us)
    interval_us = round(checked_interval("interval", words.interval_s) * SECOND_US)
    begin_us = _begin(words.backfill, start_us, oldest_us, limit)
    _check_rate(words)
    return Scenario(
        agents=words.agents,
        users=words.users,
        seed=words.seed,
        interval_us=interval_us,
        backfill_interval_us=max(_span("backfill-interval", words.backfill_interval), interval_us),
        begin_us=begin_us,
        start_us=start_us,
        end_us=_NEVER if words.duration is None else start_us + _span("duration", words.duration),
        rate_limit=words.rate_limit,
        encoding=words.encoding,
        incident=_incident(begin_us, start_us) if words.incident else None,
    )


def _span(option: str, text: str) -> int:
    try:
        return span_us(text)
    except ValueError as error:
        raise ValueError(f"{option} {error}") from error


def _start(text: str, oldest_us: int, now_us: int) -> int:
    try:
        start_us = micros(datetime.fromisoformat(text))
    except (ValueError, TypeError):
        # TypeError: a time without an offset.
        sentence = f"start takes a time such as 2026-03-01T12:00:00Z, not {text!r}"
        raise ValueError(sentence) from None
    if not oldest_us <= start_us <= now_us + _AHEAD_US:
        raise ValueError(
            f"start takes {time_of(oldest_us):%Y-%m-%dT%H:%M:%SZ} to now: samples of other times "
            f"are rejected; not {text!r}"
        )
    return start_us


def _begin(backfill: str, start_us: int, oldest_us: int, limit: timedelta) -> int:
    try:
        begin_us = start_us - span_us(backfill)
    except ValueError:
        begin_us = oldest_us - 1
    if begin_us < oldest_us:
        raise ValueError(
            "backfill takes a number and s, m, h or d, such as 30d, and begins at least an hour "
            f"less than {limit.days} days ago: older samples are rejected "
            f"(FLEETGAUGE_LATENESS_LIMIT_DAYS); not {backfill!r}"
        )
    return begin_us


def _incident(begin_us: int, start_us: int) -> Incident:
    """Starts on a whole minute, LEAD_US before live or at the start of a shorter history."""
    wanted_us = max(begin_us, start_us - LEAD_US)
    return Incident(-(-wanted_us // MINUTE_US) * MINUTE_US)


def _check_rate(words: Words) -> None:
    live = words.agents / words.interval_s
    if not words.rate_limit > live:
        raise ValueError(
            f"rate-limit takes more than {live:g} events a second, the samples of "
            f"{words.agents} agents every {words.interval_s:g} s; not {words.rate_limit:g}"
        )
