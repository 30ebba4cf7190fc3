"""Each metric is listed once, counted once, and on the operators' page."""

import re
from collections import Counter
from datetime import timedelta
from pathlib import Path

from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

from ingest import metrics
from ingest.decoding.timecheck import check_times
from schemas.events import Payment
from tests.unit.ingest.records import NOON, decoded, sample

PAGE = Path(__file__).parents[3] / "docs" / "operators" / "ingest.md"
ROW = re.compile(r"^\| `(fleetgauge_\w+)` \| (\w+) \| ([^|]*) \| [^|]+ \| [^|]+ \|$", re.M)


def listed() -> dict[str, tuple[str, str]]:
    """Type and labels of the module's metrics, by the names Prometheus shows."""
    found = {}
    for value in vars(metrics).values():
        if isinstance(value, MetricWrapperBase):
            (family,) = value.describe()
            total = "_total" if family.type == "counter" else ""
            labels = ", ".join(f"`{name}`" for name in value._labelnames)  # noqa: SLF001
            found[family.name + total] = (family.type, labels)
    return found


def on_the_page() -> list[tuple[str, tuple[str, str]]]:
    return [(name, (kind, labels)) for name, kind, labels in ROW.findall(PAGE.read_text())]


def test_page_and_module_agree() -> None:
    assert dict(on_the_page()) == listed()


def test_none_is_listed_twice() -> None:
    source = Path(metrics.__file__).read_text()
    for names in (re.findall(r"\"(fleetgauge_\w+)\"", source), [n for n, _ in on_the_page()]):
        assert [name for name, times in Counter(names).items() if times > 1] == []


def test_names_start_with_the_project() -> None:
    assert all(name.startswith("fleetgauge_") for name in listed())


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_a_batch_is_counted_by_topic_type_and_reason() -> None:
    found = decoded(
        [
            sample(),
            sample(NOON + timedelta(hours=1)),
            Payment(user_id="u", payment_id="p", ts=NOON, amount=1, currency="EUR"),
        ]
    )
    found.counts["counted"] = 3
    check_times(found, timedelta(days=31))
    series = [
        ("fleetgauge_records_total", {"topic": "counted"}, 3),
        ("fleetgauge_rows_total", {"type": "sample"}, 1),
        ("fleetgauge_rows_total", {"type": "payment"}, 1),
        ("fleetgauge_dead_letters_total", {"reason": "future"}, 1),
        ("fleetgauge_batch_rows_sum", {}, 3),
        ("fleetgauge_batch_rows_count", {}, 1),
    ]
    before = [value(name, **labels) for name, labels, _ in series]
    metrics.count(found)
    after = [value(name, **labels) for name, labels, _ in series]
    assert [b - a for a, b in zip(before, after, strict=True)] == [n for _, _, n in series]
