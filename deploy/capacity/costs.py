"""The cost of a sample, a row and a request, measured by the last run of `make bench`."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

FIGURES: Final = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.json"
# Names of the figures in the results; a test checks them against the benchmark's.
WRITING: Final = ("throughput_one", "Fleetgauge, topic to committed rows")
ROWS: Final = "relations"
ROW_BYTES: Final = "bytes a row"
OF_AGENT: Final = "a row of each agent in agents, agent_latest"
REQUESTS: Final = "requests_uncached"
SERVICE_CPU: Final = "CPU µs of its process a request"
DATABASE_CPU: Final = "CPU µs of the database a request"
PLATFORM: Final = ("queries_1000", "queries_10000")
ENDPOINTS: Final = ("historical 24h", "historical 7d", "historical 30d", "performance", "summary")


class MissingFigureError(Exception):
    """A cost that no run of the benchmark has measured."""


@dataclass(frozen=True)
class Costs:
    """CPU in seconds, sizes in bytes, for one sample, row, request or agent.

    A request costs as much as the most expensive endpoint, except the platform's, whose cost grows
    with the fleet: `platform_s` is its duration at 1,000 and at 10,000 agents.
    """

    writer_cpu: float
    database_cpu: float
    rows_per_s: float
    wal: float
    sample: float
    five_minutes: float
    hour: float
    day: float
    agent: float
    request_cpu: float
    request_database_cpu: float
    platform_s: tuple[float, float]


def read_costs(path: Path = FIGURES) -> Costs:
    """The medians of the last run; MissingFigureError names a figure that it lacks."""
    if not path.exists():
        raise MissingFigureError(f"there is no {path.name}")
    figures = _Figures(json.loads(path.read_text(encoding="utf-8"))["results"])
    few, many = (figures.median(name, "platform", "ms") / 1_000 for name in PLATFORM)
    return Costs(
        writer_cpu=1 / figures.median(*WRITING, "of the writer alone"),
        database_cpu=1 / figures.median(*WRITING, "of the database alone"),
        rows_per_s=figures.median(*WRITING, "rows/s"),
        wal=figures.median(*WRITING, "WAL bytes a row"),
        sample=figures.median(ROWS, "agent_samples", ROW_BYTES),
        five_minutes=figures.median(ROWS, "agent_metrics_5m", ROW_BYTES),
        hour=figures.median(ROWS, "agent_metrics_1h", ROW_BYTES),
        day=figures.median(ROWS, "agent_metrics_1d", ROW_BYTES),
        agent=figures.median(ROWS, OF_AGENT, ROW_BYTES),
        request_cpu=figures.highest(SERVICE_CPU) / 1e6,
        request_database_cpu=figures.highest(DATABASE_CPU) / 1e6,
        platform_s=(few, many),
    )


@dataclass(frozen=True)
class _Figures:
    """The results of a run, by measurement, series and figure."""

    results: Sequence[Mapping[str, Any]]

    def median(self, measurement: str, series: str, figure: str) -> float:
        for result in self.results:
            for one in result["series"] if result["name"] == measurement else ():
                if one["name"] == series and one["figures"].get(figure):
                    return float(statistics.median(one["figures"][figure]))
        raise MissingFigureError(f"{measurement}: {series}: {figure} was not measured")

    def highest(self, figure: str) -> float:
        """The maximum over all endpoints except the platform's, without the response cache."""
        return max(self.median(REQUESTS, f"{endpoint}: serve", figure) for endpoint in ENDPOINTS)
