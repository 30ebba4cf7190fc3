"""`make bench`: measures, prints, and writes benchmarks.md, .json and capacity.md in `docs/`."""

import logging
import os
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
import structlog

from deploy.capacity.page import write_page
from tests.bench.machine import edition_at, this_machine
from tests.bench.measurement import Bench, Measurement, Scale, in_a_line, say
from tests.bench.page import render
from tests.bench.reading import MEASUREMENTS as READING
from tests.bench.result import Report
from tests.bench.targets import read_reasons, read_targets
from tests.bench.writing import MEASUREMENTS as WRITING
from tests.support.stack import NAMED_DATABASE, REPOSITORY, running_stack

PAGE: Final = REPOSITORY / "docs" / "benchmarks.md"
FIGURES: Final = REPOSITORY / "docs" / "benchmarks.json"
CACHE: Final = REPOSITORY / ".stack" / "cache"


def main() -> None:
    """Run all measurements; figures of different runs are not comparable."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    scale = Scale.of(os.environ)
    with running_stack() as stack, tempfile.TemporaryDirectory() as folder:
        edition = edition_at(stack.database_url)
        bench = Bench(stack, edition, scale, Path(folder), CACHE)
        report = _measure(bench, [m for m in (*WRITING, *READING) if scale.wants(m.name)])
    text = render(report, read_targets(), read_reasons())
    sys.stdout.write(text)
    # Only a complete run on the local stack updates the page.
    if not scale.only and NAMED_DATABASE is None:
        FIGURES.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
        PAGE.write_text(text, encoding="utf-8")
        _write_capacity()


def _write_capacity() -> None:
    try:
        write_page()
    except Exception as error:
        say(f"docs/capacity.md was not updated: {in_a_line(error)}")


def _measure(bench: Bench, measurements: Sequence[Measurement]) -> Report:
    return Report(
        measured_on=f"{datetime.now(UTC):%Y-%m-%d}",
        is_full=bench.scale.is_full,
        pairs=bench.scale.pairs,
        machine=this_machine(bench.stack.database_url),
        results=tuple(measurement.result(bench) for measurement in measurements),
    )


if __name__ == "__main__":
    main()
