"""The audience of a simulated user: fans who join and return, listeners and their plays."""

import random
from collections.abc import Iterator
from typing import Final

from emit.simulation.business import Timed
from emit.simulation.moments import day_name, time_of
from emit.simulation.roster import User
from emit.simulation.seasonality import moment, weekday
from emit.simulation.seeded import count, draws, key, pick
from schemas.events import Fan, Play, Segment

_PLAYS: Final = (1, 1, 1, 1, 1, 1, 2, 2, 3, 5)
# Fans who joined longer ago do not return.
_FAITHFUL_DAYS: Final = 150
_NEW_DAYS: Final = 14
# One in this number of fans becomes a superfan.
_SUPERFAN_OF: Final = 6


def audience(user: User, day: int) -> Iterator[Timed]:
    """All events of this UTC day, each with its microsecond; unordered."""
    yield from _joining(user, day)
    yield from _returning(user, day)
    yield from _plays(user, day)


def _joined(user: User, day: int) -> int:
    """Number of fans who join on a day."""
    rng = draws(user.seed, user.user_id, "joined", day)
    return count(rng, 1 + 5 * user.size * user.season(day))


def _joining(user: User, day: int) -> Iterator[Timed]:
    rng = draws(user.seed, user.user_id, "joining", day)
    for n in range(_joined(user, day)):
        yield _fan(rng, user, day, day, n)


def _returning(user: User, day: int) -> Iterator[Timed]:
    """Fans of earlier days are active again, the newer ones more often."""
    rng = draws(user.seed, user.user_id, "returning", day)
    for _ in range(count(rng, 12 * user.size * weekday(day, user.offset_us))):
        joined = day - 1 - int(rng.random() ** 2 * _FAITHFUL_DAYS)
        if number := _joined(user, joined):
            yield _fan(rng, user, day, joined, int(rng.random() * number))


def _fan(rng: random.Random, user: User, day: int, joined: int, n: int) -> Timed:
    at_us = moment(rng, day, user.offset_us)
    fan_id = f"fan-{day_name(joined)}-{n}"
    segment = _segment(key(user.seed, user.user_id, fan_id), day - joined)
    return at_us, Fan(user_id=user.user_id, ts=time_of(at_us), fan_id=fan_id, segment=segment)


def _segment(fate: int, days: int) -> Segment:
    if days < _NEW_DAYS:
        return "new"
    return "casual" if fate % _SUPERFAN_OF else "superfan"


def _plays(user: User, day: int) -> Iterator[Timed]:
    rng = draws(user.seed, user.user_id, "plays", day)
    season = user.season(day)
    listeners = 300 * user.size * season
    for n in range(count(rng, 45 * user.size * season * weekday(day, user.offset_us))):
        at_us = moment(rng, day, user.offset_us)
        # Ranks uniform in their logarithm: the nth listener plays 1/n as often (Zipf's law).
        rank = int(listeners ** rng.random())
        yield (
            at_us,
            Play(
                user_id=user.user_id,
                ts=time_of(at_us),
                play_id=f"play-{day_name(day)}-{n}",
                listener_id=f"listener-{rank}",
                count=pick(rng, _PLAYS),
            ),
        )
