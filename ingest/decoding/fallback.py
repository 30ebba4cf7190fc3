"""Decodes records one by one, after decoding all at once has failed."""

from collections.abc import Callable

import polars as pl
from aiokafka import TopicPartition

from ingest.batch import SAMPLE_SCHEMA, Decoded, Fetched
from ingest.records import Records
from ingest.rejection import Origin, Rejection
from ingest.unexpectederrors import detail_of, is_unexpected


def decode_individually(fetched: Fetched, decode: Callable[[Fetched], Decoded]) -> Decoded:
    """As `decode`, but a record that raises an unexpected error becomes a rejection."""
    records = fetched.in_order()
    whole = Decoded(records=records, spans=fetched.spans, counts=fetched.by_topic())
    frames = [SAMPLE_SCHEMA.to_frame()]
    for place, record in enumerate(records):
        partition = TopicPartition(record.topic, record.partition)
        try:
            one = decode(Fetched({partition: Records([[record]])}))
        except Exception as error:
            if not is_unexpected(error):
                raise
            whole.rejections.append(Rejection(Origin(record), "refused", detail_of(error)))
            continue
        frames.append(one.samples.with_columns(record=pl.lit(place, pl.Int32())))
        whole.others += one.others
        whole.rejections += one.rejections
    whole.samples = pl.concat(frames)
    return whole
