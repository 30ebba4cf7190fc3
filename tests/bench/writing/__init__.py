"""The cost of ingesting samples from the broker to committed rows, compared with peers."""

from typing import Final

from tests.bench.measurement import Measurement
from tests.bench.writing import (
    backlog,
    consumers,
    disk,
    duplicates,
    fence,
    freshness,
    lateness,
    memory,
    throughput,
)

MEASUREMENTS: Final = (
    Measurement(throughput.TEN.name, throughput.TEN.title, throughput.measure_ten),
    Measurement(throughput.ONE.name, throughput.ONE.title, throughput.measure_one),
    *(
        Measurement(one.NAME, one.TITLE, one.measure)
        for one in (backlog, fence, duplicates, consumers, lateness, disk, freshness, memory)
    ),
)
