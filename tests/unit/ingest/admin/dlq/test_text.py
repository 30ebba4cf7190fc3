"""Bytes that anybody may have sent, as a terminal may show them."""

import msgspec
import pytest

from ingest.admin.dlq.detail import plain, pretty
from tests.unit.ingest.admin.dlq.letters import PACKED, letter

LINES: list[tuple[bytes | None, str]] = [
    (b"a1", "a1"),
    ("ü".encode(), "ü"),
    (None, "null"),
    (b"", ""),
    (b"\xff\x00", "\\xff\\x00"),
    (b"\x1b[31mred\n", "\\x1b[31mred\\n"),
    ("\u202egnp\u009b".encode(), "\\u202egnp\\x9b"),
]


@pytest.mark.parametrize(("content", "shown"), LINES)
def test_a_line(content: bytes | None, shown: str) -> None:
    assert plain(content) == shown


JSON: list[tuple[bytes | None, str]] = [
    (None, "no value"),
    (b"", "an empty value"),
    (b'{"a":1.50,"b":[2]}', '{\n  "a": 1.50,\n  "b": [\n    2\n  ]\n}'),
    ('{"a":"\u009bm"}'.encode(), '{\n  "a": "\\x9bm"\n}'),
    (b"{", f"00000000  {'7b':<47}  {{"),
    (b'"\xff"', f'00000000  {"22 ff 22":<47}  "."'),
    (b"\x00" * 17, f"00000000  {' '.join(['00'] * 16)}  {'.' * 16}\n00000010  {'00':<47}  ."),
]


@pytest.mark.parametrize(("content", "shown"), JSON)
def test_json_or_hex(content: bytes | None, shown: str) -> None:
    assert pretty(letter(content), content) == shown


PACKS: list[tuple[bytes, str]] = [
    (msgspec.msgpack.encode({"a": [1, "ü"]}), '{\n  "a": [\n    1,\n    "ü"\n  ]\n}'),
    (msgspec.msgpack.encode({"a": float("nan")}), '{\n  "a": NaN\n}'),
    (b"\xc1", f"00000000  {'c1':<47}  ."),
    (msgspec.msgpack.encode({(1, 2): 3}), f"00000000  {'81 92 01 02 03':<47}  ....."),
    (b"{}", f"00000000  {'7b 7d':<47}  {{}}"),
]


@pytest.mark.parametrize(("content", "shown"), PACKS)
def test_messagepack_or_hex(content: bytes, shown: str) -> None:
    assert pretty(letter(content, headers=PACKED), content) == shown


@pytest.mark.parametrize("headers", [(), PACKED])
def test_deep_nesting_is_shown_as_it_is(headers: tuple[()]) -> None:
    content = b"[" * 100_000
    assert pretty(letter(content, headers=headers), content).startswith("00000000  5b 5b")
