"""The resources of a fleet: formulas, costs and the generated page."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.capacity import costs as measured
from deploy.capacity import need
from deploy.capacity.costs import Costs, MissingFigureError, read_costs
from deploy.capacity.need import FleetNeed, need_of
from deploy.capacity.page import (
    FLEETS,
    PAGE,
    TURNS,
    most_agents,
    rewritten,
    section,
    table,
)
from query.database import STATEMENT_TIMEOUT_MS
from schemas.settings.http import HttpSettings
from schemas.settings.kafka import KafkaSettings
from schemas.settings.windows import WindowSettings
from tests.bench.reading import relations, requests, side
from tests.bench.reading.endpoints import endpoints
from tests.bench.reading.queries import FEW, MANY
from tests.bench.writing import contest, throughput

NOW = datetime(2026, 3, 10, 14, 35, tzinfo=UTC)
COSTS = Costs(
    writer_cpu=1e-5,
    database_cpu=2e-5,
    rows_per_s=30_000,
    wal=300,
    sample=100,
    five_minutes=200,
    hour=300,
    day=400,
    agent=4_000,
    request_cpu=1e-3,
    request_database_cpu=4e-3,
    platform_s=(0.002, 0.011),
)

NEEDS = [
    (FleetNeed(6_000), "consumers", 1),
    (FleetNeed(6_000), "partitions", 6),
    (FleetNeed(6_000), "ingest_cores", 0.001),
    (FleetNeed(6_000), "write_cores", 0.002),
    (FleetNeed(6_000), "wal_a_day", 100 * 86_400 * 300),
    (FleetNeed(6_000), "raw", 100 * 86_400 * 38 * 100),
    (FleetNeed(1_000), "rollups", 1_000 * (288 * 90 * 200 + 365 * (24 * 300 + 400) + 4_000)),
    (FleetNeed(1_000), "touched", 1_000 * (288 * 200 + 168 * 300 + 90 * 400 + 4_000 + 8_192)),
    # A sample an hour makes 24 rows of 5 minutes a day, not 288.
    (FleetNeed(1_000, 3_600), "touched", 1_000 * (24 * 200 + 168 * 300 + 90 * 400 + 4_000 + 8_192)),
    # Half of 30,000 rows a second is planned for.
    (FleetNeed(900_000), "consumers", 1),
    (FleetNeed(900_001), "consumers", 2),
    (FleetNeed(9_000_000), "partitions", 20),
    (FleetNeed(1_000), "platform_s", 0.002),
    (FleetNeed(10_000), "platform_s", 0.011),
    (FleetNeed(19_000), "platform_s", 0.020),
    # The platform's query once in 2 seconds, from each process.
    (FleetNeed(1_000, 60, 500), "servers", 1),
    (FleetNeed(1_000, 60, 500), "read_cores", 500 * 4e-3 + 0.001),
    (FleetNeed(1_000, 60, 501), "servers", 2),
]


@pytest.mark.parametrize(("fleet", "figure", "value"), NEEDS)
def test_a_figure_is_a_cost_times_a_count(fleet: FleetNeed, figure: str, value: float) -> None:
    assert getattr(need_of(fleet, COSTS), figure) == pytest.approx(value)


def test_a_turn_is_the_largest_fleet_within_the_limit() -> None:
    for turn in TURNS:
        most = most_agents(turn, COSTS)
        assert turn.figure(need_of(FleetNeed(most), COSTS)) <= turn.limit, turn.name
        assert turn.figure(need_of(FleetNeed(most + 1), COSTS)) > turn.limit, turn.name


def figures(factor: float = 1.0) -> list[Mapping[str, object]]:
    """The results of a benchmark report that costs are read from."""
    rows = {name: {relations.BYTES: [100.0]} for name in relations.RELATIONS}
    endpoint_series = {
        f"{one.name}: serve": {side.OF_PROCESS: [500.0 * factor], side.OF_DATABASE: [900.0]}
        for one in endpoints(NOW)
    }
    wrote = {
        contest.WALL: [30_000.0, 10_000.0, 20_000.0],
        contest.OF_WRITER: [100_000.0],
        contest.OF_DATABASE: [50_000.0],
        contest.WAL: [300.0],
    }
    results = {
        throughput.ONE.name: {throughput.OURS: wrote},
        relations.NAME: {**rows, relations.OF_AGENT: {relations.BYTES: [4_000.0]}},
        requests.UNCACHED: endpoint_series,
        FEW.name: {"platform": {"ms": [2.0]}},
        MANY.name: {"platform": {"ms": [11.0]}},
    }
    return [
        {"name": name, "series": [{"name": each, "figures": f} for each, f in series.items()]}
        for name, series in results.items()
    ]


def written(path: Path, results: list[Mapping[str, object]]) -> Path:
    path.write_text(json.dumps({"results": results}), encoding="utf-8")
    return path


def test_costs_are_medians_of_the_results(tmp_path: Path) -> None:
    found = read_costs(written(tmp_path / "benchmarks.json", figures()))
    assert found.rows_per_s == 20_000
    assert found.writer_cpu == pytest.approx(1e-5)
    assert found.database_cpu == pytest.approx(2e-5)
    assert found.request_cpu == pytest.approx(5e-4)
    assert found.request_database_cpu == pytest.approx(9e-4)
    assert (found.agent, found.hour, found.platform_s) == (4_000, 100, (0.002, 0.011))


@pytest.mark.parametrize("number", range(5))
def test_a_cost_that_was_not_measured_is_named(tmp_path: Path, number: int) -> None:
    some = figures()
    missing = some.pop(number)
    path = written(tmp_path / "benchmarks.json", some)
    with pytest.raises(MissingFigureError, match=str(missing["name"])):
        read_costs(path)
    assert section(path).startswith("No figures yet: ")


def test_the_page_matches_the_figures() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == rewritten(page), "make capacity"


def test_only_the_generated_section_is_rewritten(tmp_path: Path) -> None:
    one = written(tmp_path / "one.json", figures())
    page = rewritten(PAGE.read_text(encoding="utf-8"), one)
    assert "\n".join(table(FLEETS, read_costs(one))) in page
    other = written(tmp_path / "other.json", figures(factor=1_000))
    assert rewritten(rewritten(page, other), one) == page != rewritten(page, other)


def test_constants_are_the_defaults_of_the_settings() -> None:
    windows = {name: field.default for name, field in WindowSettings.model_fields.items()}
    assert windows["raw_retention_days"] == need.RAW_DAYS
    assert windows["metrics_5m_retention_days"] == need.FIVE_MINUTE_DAYS
    assert windows["metrics_1h_retention_days"] == need.HOUR_DAYS
    assert KafkaSettings.model_fields["samples_partitions"].default == need.PARTITIONS
    kept_ms = HttpSettings.model_fields["answer_cache_ms"].default
    assert kept_ms / 1_000 == need.ANSWER_CACHE_S
    assert need.STATEMENT_TIMEOUT_S == STATEMENT_TIMEOUT_MS / 1_000


def test_costs_cover_all_endpoints_except_the_platform() -> None:
    names = {endpoint.name for endpoint in endpoints(NOW)}
    assert names - set(measured.ENDPOINTS) == {"platform"}
