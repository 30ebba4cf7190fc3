"""What answers cost, beside what the parts under them cost."""

from typing import Final

from tests.bench.measurement import Measurement
from tests.bench.reading import queries

MEASUREMENTS: Final = (
    Measurement("queries_1000", queries.FEW.title, queries.measure_few),
    Measurement("queries_10000", queries.MANY.title, queries.measure_many),
)
