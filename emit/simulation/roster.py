"""The users and agents of the simulated fleet, with their permanent properties."""

from typing import Final, NamedTuple

from emit.simulation.moments import MINUTE_US
from emit.simulation.seasonality import season
from emit.simulation.seeded import draws, key, pick

_ROLES: Final = ("mailer", "scheduler", "scout", "curator", "moderator", "analyst", "publisher")
_OFFSETS_H: Final = (-8, -5, -3, 0, 0, 1, 1, 2, 5.5, 8, 9)
_CURRENCIES: Final = ("USD", "USD", "EUR", "GBP", "JPY", "BRL")
_SIZES: Final = (1, 1, 1, 2, 2, 4, 8)
# One in this number of agents is replaced by another one every LIFE_DAYS.
_SHORT_LIVED_OF: Final = 10
LIFE_DAYS: Final = 9


class User(NamedTuple):
    """`size` scales the business, 0.5 to 3; `phase` (0 to 1) is the start of its seasons."""

    seed: int
    user_id: str
    offset_us: int
    size: float
    phase: float
    currency: str

    def season(self, day: int) -> float:
        """Seasonal factor of the user's business, about 1."""
        return season(day, self.phase)


class SimulatedAgent(NamedTuple):
    """`rate` is messages a second at peak; `cpu` and `memory` are percent when idle."""

    user: User
    name: str
    key: int
    rate: float
    cpu: float
    memory: float
    response_ms: float
    storage_mb: float
    short_lived: bool

    def generation(self, day: int) -> int:
        """Number of the agent among the successive agents with this name."""
        return (day + self.key % LIFE_DAYS) // LIFE_DAYS if self.short_lived else 0

    def agent_id(self, day: int) -> str:
        """The id of this agent on a UTC day."""
        return f"{self.name}.{self.generation(day)}" if self.short_lived else self.name

    def phase_us(self, interval_us: int) -> int:
        """Offset of its samples from the start of an interval, in whole milliseconds."""
        return self.key % interval_us // 1_000 * 1_000


def users(seed: int, number: int) -> list[User]:
    """`user-1` and so on."""
    return [_user(seed, f"user-{n}") for n in range(1, number + 1)]


def agents(of: list[User], number: int) -> list[SimulatedAgent]:
    """Agents, dealt to the users in turn."""
    return [_agent(of[n % len(of)], n) for n in range(number)]


def _user(seed: int, user_id: str) -> User:
    rng = draws(seed, user_id)
    return User(
        seed=seed,
        user_id=user_id,
        offset_us=int(pick(rng, _OFFSETS_H) * 60) * MINUTE_US,
        size=0.5 + 2.5 * rng.random() ** 2,
        phase=rng.random(),
        currency=pick(rng, _CURRENCIES),
    )


def _agent(user: User, number: int) -> SimulatedAgent:
    name = f"{_ROLES[number % len(_ROLES)]}-{number + 1}"
    rng = draws(user.seed, "agent", name)
    size = pick(rng, _SIZES)
    return SimulatedAgent(
        user=user,
        name=name,
        key=key(user.seed, "key", name),
        rate=size * (0.1 + 0.4 * rng.random()),
        cpu=2 + 8 * rng.random(),
        memory=20 + 25 * rng.random(),
        response_ms=40 + 260 * rng.random() ** 2,
        storage_mb=size * 10_000.0,
        short_lived=number % _SHORT_LIVED_OF == _SHORT_LIVED_OF - 1,
    )
