"""The generated section of docs/capacity.md: a table of fleets, and the limits of each setup."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.capacity.costs import FIGURES, Costs, MissingFigureError, read_costs
from deploy.capacity.need import PARTITIONS, STATEMENT_TIMEOUT_S, FleetNeed, Need, need_of

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "capacity.md"
BEGIN: Final = "<!-- written by `make capacity` and `make bench` -->\n"
END: Final = "<!-- end -->\n"

FLEETS: Final = (
    FleetNeed(1_000, 60, 20),
    FleetNeed(10_000, 60, 50),
    FleetNeed(100_000, 60, 200),
    FleetNeed(100_000, 10, 200),
    FleetNeed(1_000_000, 60, 1_000),
)

HEADS: Final = (
    "agents",
    "sample interval",
    "samples/s",
    "requests/s",
    "ingest processes",
    "partitions",
    "cores: ingest",
    "cores: database, writes",
    "cores: database, reads",
    "`serve` processes",
    "WAL a day",
    "raw samples, 38 days",
    "aggregates (5m: 90 days, others: 1 year)",
    "working set of writes",
    "platform query",
)


def table(fleets: Sequence[FleetNeed], costs: Costs) -> list[str]:
    """A row for each fleet, as Markdown."""
    lines = [_row(HEADS), _row(["---"] * len(HEADS))]
    for fleet in fleets:
        need = need_of(fleet, costs)
        cells = [
            f"{fleet.agents:,}",
            f"{fleet.interval_s:g} s",
            f"{fleet.samples_per_s:,.0f}",
            f"{fleet.requests_per_s:,.0f}",
            str(need.consumers),
            str(need.partitions),
            _cores(need.ingest_cores),
            _cores(need.write_cores),
            _cores(need.read_cores),
            str(need.servers),
            _bytes(need.wal_a_day),
            _bytes(need.raw),
            _bytes(need.rollups),
            _bytes(need.touched),
            f"{1_000 * need.platform_s:,.0f} ms",
        ]
        lines.append(_row(cells))
    return lines


@dataclass(frozen=True)
class Turn:
    """A figure that grows with the fleet, and its limit."""

    name: str
    figure: Callable[[Need], float]
    limit: float


TURNS: Final = (
    Turn("a second ingest process", lambda need: need.consumers, 1),
    Turn("more partitions than the default", lambda need: need.partitions, PARTITIONS),
    Turn("writes use half of 8 database cores", lambda n: n.write_cores, 4),
    Turn("writes use half of 32 database cores", lambda n: n.write_cores, 16),
    Turn("the working set of writes exceeds 64 GB", lambda need: need.touched, 64e9),
    Turn("the working set of writes exceeds 256 GB", lambda need: need.touched, 256e9),
    Turn("the platform's query takes 1 second", lambda need: need.platform_s, 1),
    Turn(
        f"the platform's query reaches the timeout of {STATEMENT_TIMEOUT_S:g} seconds",
        lambda need: need.platform_s,
        STATEMENT_TIMEOUT_S,
    ),
)


def turning_points(costs: Costs) -> list[str]:
    """The number of agents, with a sample a minute, at which each limit is reached, as Markdown."""
    heads = ["condition", "above this number of agents, with a sample a minute"]
    lines = [_row(heads), _row(["---"] * len(heads))]
    for turn in TURNS:
        lines.append(_row([turn.name, f"{_rounded(most_agents(turn, costs)):,}"]))
    return lines


def most_agents(turn: Turn, costs: Costs) -> int:
    """The largest fleet within the limit; the figure must not decrease with the fleet's size."""
    low, high = 0, 1_000_000_000
    while low < high:
        middle = (low + high + 1) // 2
        fits = turn.figure(need_of(FleetNeed(middle), costs)) <= turn.limit
        low, high = (middle, high) if fits else (low, middle - 1)
    return low


def _rounded(number: int) -> int:
    """Round down to two digits: the measurements are not more precise."""
    unit = int(10 ** max(0, len(str(number)) - 2))
    return number // unit * unit


def section(path: Path = FIGURES) -> str:
    """The generated section."""
    try:
        costs = read_costs(path)
    except MissingFigureError as error:
        return f"No figures yet: {error}. `make bench` measures them.\n"
    return "\n".join([*table(FLEETS, costs), "", *turning_points(costs), ""])


def rewritten(page: str, figures: Path = FIGURES) -> str:
    """The page with a regenerated section."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{section(figures)}\n{END}{after}"


def write_page() -> None:
    """Update docs/capacity.md from docs/benchmarks.json."""
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cores(cores: float) -> str:
    return f"{cores:.1f}" if cores >= 0.1 else f"{cores:.1g}"


def _bytes(count: float) -> str:
    for unit, size in (("TB", 1e12), ("GB", 1e9)):
        if count >= size:
            return f"{count / size:,.1f} {unit}"
    return f"{count / 1e6:,.0f} MB"
