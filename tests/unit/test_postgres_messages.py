import pytest

from tests.support.postgres_messages import Messages

TLS_REQUEST = bytes.fromhex("00000008 04d2162f")
STARTUP = bytes.fromhex("00000009 00030000 00")
QUERY = b"Q\x00\x00\x00\x07ab\x00"
SYNC = b"S\x00\x00\x00\x04"
AUTHENTICATION = b"R\x00\x00\x00\x08\x00\x00\x00\x00"
NOTICE = b"N\x00\x00\x00\x05\x00"

CLIENT = ([TLS_REQUEST, STARTUP, QUERY, SYNC, SYNC, QUERY], True)
SERVER = ([b"N", AUTHENTICATION, NOTICE, SYNC], False)


@pytest.mark.parametrize(("messages", "of_client"), [CLIENT, SERVER])
@pytest.mark.parametrize("piece", [1, 3, 1_000])
def test_begins_are_found_in_any_pieces(messages: list[bytes], of_client: bool, piece: int) -> None:
    stream = b"".join(messages)
    found, parser = [], Messages(of_client=of_client)
    for start in range(0, len(stream), piece):
        found += [start + at for at in parser.begin_at(stream[start : start + piece])]
    assert found == [len(b"".join(messages[:place])) for place in range(len(messages))]
