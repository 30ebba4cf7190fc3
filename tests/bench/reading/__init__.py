"""The cost of API answers, compared with the database and the web framework alone."""

from typing import Final

from tests.bench.measurement import Measurement
from tests.bench.reading import (
    beside_ingest,
    dashboard,
    history,
    lists,
    million,
    queries,
    relations,
    requests,
)

MEASUREMENTS: Final = (
    Measurement("queries_1000", queries.FEW.title, queries.measure_few),
    Measurement("queries_10000", queries.MANY.title, queries.measure_many),
    Measurement(lists.NAME, lists.TITLE, lists.measure),
    Measurement(dashboard.NAME, dashboard.TITLE, dashboard.measure),
    Measurement(requests.UNCACHED, requests.UNCACHED_TITLE, requests.measure_uncached),
    Measurement(requests.CACHED, requests.CACHED_TITLE, requests.measure_cached),
    Measurement(beside_ingest.NAME, beside_ingest.TITLE, beside_ingest.measure),
    Measurement(relations.NAME, relations.TITLE, relations.measure),
    Measurement(million.NAME, million.TITLE, million.measure),
    Measurement(history.NAME, history.TITLE, history.measure),
)
