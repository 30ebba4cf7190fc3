"""The column path reads what the row path reads, or leaves the message to it."""

import json
import random
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.batch import ALONE, SAMPLE_SCHEMA
from ingest.decoding.columns import FEWEST, read_plain_samples
from ingest.decoding.decode import samples_frame
from ingest.decoding.lines import Lines
from ingest.decoding.message import decode_message
from schemas.events import Sample
from tests.unit.ingest.records import record

SAMPLE: Final = {
    "type": "sample",
    "userId": "alice",
    "agentId": "a1",
    "ts": "2026-03-01T12:00:00Z",
    "messages": 3,
    "errors": 0,
    "cpu": 12.5,
}
GOOD: Final = json.dumps(SAMPLE)


def with_(**fields: str) -> bytes:
    """The sample with these fields spelled so."""
    spelled = {name: json.dumps(value) for name, value in SAMPLE.items()} | fields
    return f"{{{', '.join(f'{json.dumps(n)}: {v}' for n, v in spelled.items())}}}".encode()


def by_rows(values: list[bytes]) -> list[tuple[Any, ...]]:
    """What the row path makes of these messages."""
    rows = []
    for place, value in enumerate(values):
        events, _ = decode_message(record(value), 1_000_000)
        rows += [(e, place, ALONE) for e, o in events if isinstance(e, Sample) and o.index is None]
    return samples_frame(rows).rows()


def by_columns(values: list[bytes]) -> list[tuple[Any, ...]]:
    frame = read_plain_samples(Lines([values]), fewest=1)
    assert frame.schema == SAMPLE_SCHEMA
    return frame.rows()


PLAIN: Final = {
    "compact": json.dumps(SAMPLE, separators=(",", ":")).encode(),
    "with spaces": GOOD.encode(),
    "in another order": json.dumps(dict(reversed(SAMPLE.items()))).encode(),
    "without CPU": json.dumps({k: v for k, v in SAMPLE.items() if k != "cpu"}).encode(),
    "all fields": with_(memory="50", responseMs="1.5", storageUsedMb="1e3", storageTotalMb="1e12"),
    "greatest numbers": with_(cpu="100", messages="1000000000", errors="1000000000"),
    "a negative zero": with_(cpu="-0.0", messages="-0"),
    "a small number": with_(cpu="1e-400"),
    "many digits": with_(cpu="0.1000000000000000055511151231257827"),
    "an id of digits": with_(userId='"0012"', agentId='"1e5"'),
    "ids of punctuation": with_(userId='"a:b@c~d_e-f.g"', agentId='"..."'),
    "an id that is a word of JSON": with_(userId='"null"', agentId='"true"'),
    "the longest id": with_(agentId=f'"{"a" * 128}"'),
    "+00:00": with_(ts='"2026-03-01T12:00:00+00:00"'),
    **{
        f"{digits} digits of a second": with_(ts=f'"2026-03-01T12:00:00.{"987654321"[:digits]}Z"')
        for digits in range(1, 10)
    },
    "halves of a microsecond go up": with_(ts='"2026-03-01T23:59:59.9999995Z"'),
    "just below half": with_(ts='"2026-03-01T23:59:59.999999499Z"'),
    "before 1970": with_(ts='"1969-12-31T23:59:59.9999995Z"'),
    "leap day": with_(ts='"2024-02-29T00:00:00Z"'),
}


@pytest.mark.parametrize("value", PLAIN.values(), ids=PLAIN)
def test_plain_samples_are_read_as_the_row_path_reads_them(value: bytes) -> None:
    expected = by_rows([value])
    assert len(expected) == 1
    assert by_columns([value]) == expected


# Taken by the row path or refused: in neither case is it for the column path to say.
LEFT: Final = {
    "a quoted number": with_(messages='"3"'),
    "a quoted real": with_(cpu='"12.5"'),
    "an id that is a number": with_(userId="12"),
    "an id that is a number, and an unknown field": with_(userId="12", x="1"),
    "an id that is a real": with_(agentId="1.50"),
    "an id that is true": with_(agentId="true"),
    "an id that is an object": with_(agentId='{"a":1}'),
    "an id that is null": with_(agentId="null"),
    "a field twice": with_(cpu='1, "cpu": 2'),
    "a field twice, first null": with_(cpu='null, "cpu": 2'),
    "an id twice, once as a number": with_(userId='5, "userId": "alice"'),
    "a name with an escape": GOOD.replace("cpu", "\\u0063pu").encode(),
    "an unknown field": with_(x="1"),
    "an unknown field instead of an optional one": GOOD.replace("cpu", "gpu").encode(),
    "a null": with_(cpu="null"),
    "a zero fraction": with_(messages="3.0"),
    "an exponent": with_(messages="1e3"),
    "true for a number": with_(cpu="true"),
    "an array for a number": with_(cpu="[1]"),
    "too many messages": with_(messages="1000000001"),
    "an integer past 64 bits": with_(messages="18446744073709551616"),
    "too much CPU": with_(cpu="100.00000001"),
    "negative CPU": with_(cpu="-1e-9"),
    "CPU of NaN": with_(cpu="NaN"),
    "CPU past all doubles": with_(cpu="1e400"),
    "a leading zero": with_(cpu="01.5"),
    "a plus": with_(cpu="+1.5"),
    "a lone surrogate": with_(agentId='"\\ud800"'),
    "a pair of surrogates": with_(agentId='"\\ud83d\\ude00"'),
    "an escaped letter": with_(agentId='"\\u0061"'),
    "an escaped quote": with_(agentId='"a\\""'),
    "text that is no ASCII": with_(agentId='"ä"'),
    "bytes that are no text": with_(agentId='"x"').replace(b'"x"', b'"\xff"'),
    "a line break inside": GOOD.replace(", ", ",\n").encode(),
    "a carriage return": GOOD.encode() + b"\r",
    "a tab": GOOD.replace(", ", ",\t").encode(),
    "a form feed": GOOD.replace(", ", ",\f").encode(),
    "a vertical tab": GOOD.encode() + b"\v",
    "a no-break space": GOOD.encode() + "\u00a0".encode(),
    "a byte order mark": b"\xef\xbb\xbf" + GOOD.encode(),
    "NUL": GOOD.encode() + b"\0",
    "nothing": b"",
    "blanks": b"   ",
    "two objects": GOOD.encode() * 2,
    "two objects, a line each": (GOOD + "\n" + GOOD).encode(),
    "an array": f"[{GOOD}]".encode(),
    "text behind": GOOD.encode() + b"x",
    "a comma behind": GOOD.encode() + b",",
    "a comma too many": GOOD.replace("}", ",}").encode(),
    "a comma missing": GOOD.replace(', "cpu"', ' "cpu"').encode(),
    "not closed": GOOD[:-1].encode(),
    "another type": with_(type='"status"'),
    "no type": json.dumps({k: v for k, v in SAMPLE.items() if k != "type"}).encode(),
    "an empty type": with_(type='""'),
    "an empty id": with_(userId='""'),
    "an id of two dots": with_(userId='".."'),
    "an id with a slash": with_(userId='"a/b"'),
    "an id with a comma": with_(userId='"a,b"'),
    "an id with a brace": with_(userId='"a}b"'),
    "too long an id": with_(agentId=f'"{"a" * 129}"'),
    "no agent": json.dumps({k: v for k, v in SAMPLE.items() if k != "agentId"}).encode(),
    **{
        f"ts {ts}": with_(ts=f'"{ts}"')
        for ts in (
            "2026-03-01t12:00:00Z",
            "2026-03-01T12:00:00z",
            "2026-03-01 12:00:00Z",
            "2026-03-01T12:00:00-00:00",
            "2026-03-01T12:00:00+0000",
            "2026-03-01T14:30:00+02:30",
            "2026-03-01T12:00:00.1234567891Z",
            "2026-03-01T12:00:00.Z",
            "2026-03-01T12:00:00",
            "2026-03-01T12:00Z",
            "2026-03-01T12:00:60Z",
            "2026-03-01T24:00:00Z",
            "2026-03-01T12:60:00Z",
            "2026-02-29T12:00:00Z",
            "2026-13-01T12:00:00Z",
            "2026-00-01T12:00:00Z",
            "2026-3-1T12:00:00Z",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59.9999999Z",
            "+2026-03-01T12:00:00Z",
            " 2026-03-01T12:00:00Z",
            "2026-03-01T12:00:00+00:00Z",
            "2026-03-01T12:00:00Z+00:00",
            "1772366400",
            "",
        )
    },
    "ts of a number": with_(ts="1772366400"),
}


@pytest.mark.parametrize("value", LEFT.values(), ids=LEFT)
def test_what_is_not_plain_is_left_and_its_neighbours_are_not(value: bytes) -> None:
    assert by_columns([value]) == []
    good = GOOD.encode()
    first, last = by_rows([good, b"", good])
    assert by_columns([good, value, good]) == [first, last]


TOKENS: Final = {
    "type": ['"sample"', '"sample"', '"status"', '"Sample"', "1", "null"],
    "userId": ['"u"', '"1"', '"a:b"', '".."', "1", "1.5", "null", "true", '""', '"a b"', '"a,b"'],
    "agentId": ['"a"', '"-1"', '"null"', "-1", "[]", "{}", '"..."', '"a\\u0061"', '"a\\"b"'],
    "ts": [
        '"2026-03-01T12:00:00Z"',
        '"2026-03-01T12:00:00.5+00:00"',
        '"2026-03-01T12:00:00.1234565Z"',
        '"1969-07-20T20:17:40.0000005Z"',
        '"2026-03-01T12:00:00+01:00"',
        '"2026-02-30T12:00:00Z"',
        '"2026-03-01 12:00:00z"',
        "5",
    ],
    "messages": ["0", "3", "-0", "3.0", "1e2", '"3"', "-1", "1000000001", "null", "true"],
    "errors": ["0", "00", "0.5", "7", " 7 "],
    "cpu": [
        "0",
        "12.5",
        "100",
        "100.0000001",
        "-0.0",
        "1E1",
        '"1"',
        "null",
        "NaN",
        "[1]",
        "5e-324",
    ],
    "memory": ["1", "0.1", "99.99999999999999", "100.5"],
    "x": ["1", '"a"', "null", '"a,b"', '{"cpu":1}'],
}
members = st.lists(
    st.sampled_from(sorted(TOKENS)).flatmap(
        lambda name: st.tuples(st.just(name), st.sampled_from(TOKENS[name]))
    ),
    min_size=0,
    max_size=3,
)
REQUIRED: Final = ("type", "userId", "agentId", "ts", "messages", "errors")


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """A plain sample in which a few fields are spelled otherwise, named twice or left out."""
    fields = [(name, TOKENS[name][0]) for name in REQUIRED]
    for name, token in draw(members):
        if draw(st.booleans()):
            fields = [(n, t) for n, t in fields if n != name]
        if draw(st.integers(0, 9)):
            fields.append((name, token))
    draw(st.randoms(use_true_random=False)).shuffle(fields)
    comma = draw(st.sampled_from([",", ", ", ",  "]))
    text = comma.join(f'"{name}":{token}' for name, token in fields)
    return f"{{{text}}}".encode()


@settings(max_examples=1_000)
@given(st.lists(messages(), min_size=1, max_size=5))
def test_whatever_the_column_path_reads_the_row_path_reads_too(values: list[bytes]) -> None:
    expected = {row[-2]: row for row in by_rows(values)}
    found = by_columns(values)
    assert found == [expected[row[-2]] for row in found]


def test_one_odd_message_among_many_leaves_the_others_plain() -> None:
    values = [GOOD.encode()] * (8 * FEWEST)
    odd = random.Random(1).randrange(len(values))
    values[odd] = b"{"
    found = read_plain_samples(Lines([values]))["record"].to_list()
    # It takes no more with it than the smallest part that is read together.
    assert len(found) > len(values) - 2 * FEWEST
    assert odd not in found


def test_few_messages_are_not_worth_it() -> None:
    assert read_plain_samples(Lines([[GOOD.encode()] * (FEWEST - 1)])).is_empty()
