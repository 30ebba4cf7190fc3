"""Which cluster answers on a port, and what of other servers is taken for none."""

import socket
import struct

import pytest

from deploy.local.cluster import cluster_at
from tests.support.fake_broker import answer, answering, framed


@pytest.mark.parametrize(
    ("words", "cluster"),
    [
        pytest.param(framed(answer("abc")), "abc", id="a broker"),
        pytest.param(framed(answer("abc", brokers=3)), "abc", id="several"),
        pytest.param(framed(answer("abc", brokers=0)), None, id="fenced off still"),
        pytest.param(framed(answer(None)), None, id="an old broker, without an id"),
        pytest.param(framed(answer("abc")[:20]), None, id="cut off"),
        pytest.param(framed(answer("abc"))[:20], None, id="hung up in the middle"),
        pytest.param(framed(struct.pack(">ii", 0, 2**31 - 1)), None, id="brokers without end"),
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", None, id="HTTP"),
        pytest.param(b"", None, id="nothing"),
    ],
)
def test_cluster_at(words: bytes, cluster: str | None) -> None:
    with answering(0, words) as port:
        assert cluster_at(port) == cluster


def test_where_nobody_listens() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert cluster_at(port) is None
