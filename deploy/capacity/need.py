"""Resources of a fleet: each figure is a measured cost times a count."""

import math
from dataclasses import dataclass
from typing import Final

from deploy.capacity.costs import Costs

# Planned utilization of a process or a core; the rest is for catching up.
PLANNED: Final = 0.5
PARTITIONS: Final = 6
DAY_S: Final = 86_400
RAW_DAYS: Final = 38
FIVE_MINUTE_DAYS: Final = 90
HOUR_DAYS: Final = 365
# Chunk widths of the aggregates.
HOUR_CHUNK_DAYS: Final = 7
DAY_CHUNK_DAYS: Final = 90
PAGE_BYTES: Final = 8_192
ANSWER_CACHE_S: Final = 2.0
STATEMENT_TIMEOUT_S: Final = 5.0
# Fleet sizes for which the platform's query was measured.
FEW_AGENTS: Final = 1_000
MANY_AGENTS: Final = 10_000


@dataclass(frozen=True)
class FleetNeed:
    """A number of agents, the interval of their samples, and the requests a second."""

    agents: int
    interval_s: float = 60.0
    requests_per_s: float = 0.0

    @property
    def samples_per_s(self) -> float:
        return self.agents / self.interval_s

    @property
    def five_minute_rows(self) -> float:
        """Rows a day."""
        return self.agents * min(288, DAY_S / self.interval_s)


@dataclass(frozen=True)
class Need:
    """Resources of a fleet. Cores are busy cores; sizes are bytes."""

    consumers: int
    partitions: int
    ingest_cores: float
    write_cores: float
    read_cores: float
    servers: int
    wal_a_day: float
    raw: float
    rollups: float
    touched: float
    platform_s: float


def need_of(fleet: FleetNeed, costs: Costs) -> Need:
    """Compute the resources of a fleet."""
    samples, agents = fleet.samples_per_s, fleet.agents
    consumers = max(1, math.ceil(samples / (PLANNED * costs.rows_per_s)))
    platform_s = _platform_s(agents, costs)
    servers = max(1, math.ceil(fleet.requests_per_s * costs.request_cpu / PLANNED))
    return Need(
        consumers=consumers,
        # Twice as many, so that consumers can be added without adding partitions.
        partitions=max(PARTITIONS, 2 * consumers),
        ingest_cores=samples * costs.writer_cpu,
        write_cores=samples * costs.database_cpu,
        read_cores=fleet.requests_per_s * costs.request_database_cpu
        + servers * platform_s / ANSWER_CACHE_S,
        servers=servers,
        wal_a_day=samples * DAY_S * costs.wal,
        raw=samples * DAY_S * RAW_DAYS * costs.sample,
        rollups=fleet.five_minute_rows * FIVE_MINUTE_DAYS * costs.five_minutes
        + agents * HOUR_DAYS * (24 * costs.hour + costs.day)
        + agents * costs.agent,
        touched=_touched(fleet, costs),
        platform_s=platform_s,
    )


def _touched(fleet: FleetNeed, costs: Costs) -> float:
    """Bytes that each batch writes to: current chunks of the aggregates, newest rows of the agents.

    The index of samples begins with the agent, so each agent adds one index page.
    """
    hours = 24 * HOUR_CHUNK_DAYS * costs.hour
    of_each = hours + DAY_CHUNK_DAYS * costs.day + costs.agent + PAGE_BYTES
    return fleet.five_minute_rows * costs.five_minutes + fleet.agents * of_each


def _platform_s(agents: float, costs: Costs) -> float:
    """Seconds, interpolated linearly through the measured points."""
    few, many = costs.platform_s
    an_agent = max(0.0, (many - few) / (MANY_AGENTS - FEW_AGENTS))
    return few + an_agent * (agents - FEW_AGENTS) if agents > FEW_AGENTS else few
