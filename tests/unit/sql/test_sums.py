"""What is written down more than once, for SQL shares no list of columns: the same everywhere."""

import re
from pathlib import Path

import pytest

SQL = Path(__file__).parents[3] / "sql"
LEVELS = SQL / "apache" / "repeatable" / "31_aggregate.sql"
# The sums of raw samples; also maxima, except where an agent is erased.
SUMS = (
    "count(*), count(cpu), coalesce(sum(cpu::double precision), 0), count(memory), "
    "coalesce(sum(memory::double precision), 0), sum(messages), sum(errors), "
    "coalesce(sum(response_ms::double precision * messages), 0), "
    "coalesce(sum(messages) filter (where response_ms is not null), 0)"
)
PLACES = [
    "apache/repeatable/30_rollups.sql",
    "apache/repeatable/31_aggregate.sql",
    "common/repeatable/40_erase.sql",
    "community/migrations/0201_rollups.sql",
    "community/repeatable/30_rollups.sql",
    "queries/samples.sql",
]


@pytest.mark.parametrize("place", PLACES)
def test_samples_are_summed_alike(place: str) -> None:
    text = (SQL / place).read_text(encoding="utf-8")
    plain = re.sub(r"\s+", " ", re.sub(r" as \w+(?=,|\s)|max\(\w+\)( as \w+)?,", "", text))
    assert SUMS in re.sub(r" ,", ",", plain)


def test_samples_are_summed_nowhere_else() -> None:
    """Where they are is in the list above."""
    found = [
        str(file.relative_to(SQL))
        for file in sorted(SQL.rglob("*.sql"))
        if file.name != "schema.sql" and "count(memory)" in file.read_text("utf-8")
    ]
    assert found == PLACES


def test_hours_and_days_add_alike() -> None:
    """A table is no parameter of a statement: so there are two functions."""
    bodies = re.findall(
        r"insert into rollup_1[hd] as kept\n(.*?up_buckets = [^\n]*)\n", LEVELS.read_text(), re.S
    )
    bodies = [re.sub(r"\s+", " ", body) for body in bodies]
    assert len(bodies) == 2
    assert bodies[0] == bodies[1]
