"""A bare Litestar handler on the server that `fleetgauge serve` runs on: `bare FILE`.

It answers with the file's bytes, and logs its address to standard output.
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

import msgspec
import structlog
from litestar import Litestar, MediaType, get
from pydantic import SecretStr

from query.serve import serve
from schemas.settings import HttpSettings
from tests.support.process import run
from tests.support.serve_process import Serving
from tests.support.stack import SECRET, inherited_environment

PATH = "/bare"


def main() -> None:
    """Serve until SIGTERM."""
    structlog.configure(processors=[structlog.processors.JSONRenderer()])
    body = Path(sys.argv[1]).read_bytes()

    @get(PATH, media_type=MediaType.JSON)
    async def answer() -> bytes:
        return body

    app = Litestar([answer], openapi_config=None, logging_config=None)
    asyncio.run(serve(app, HttpSettings(jwt_secret=SecretStr(SECRET), http_port=0)))


@contextmanager
def bare(body: bytes) -> Iterator[Serving]:
    """The process and its address; killed on exit."""
    with NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        command = [sys.executable, "-m", __name__, file.name]
        with run(command, inherited_environment()) as process:
            event = msgspec.json.decode(process.await_line('"listening"'))
            yield Serving(process, event["address"])


if __name__ == "__main__":
    main()
