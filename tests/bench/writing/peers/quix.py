"""Quix Streams with its PostgreSQL sink, in a separate virtual environment."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from deploy.local import files
from tests.bench.measurement import NotHereError
from tests.bench.writing.peers.peer import Job, Peer

VERSION: Final = "3.28.1"
LOOP: Final = Path(__file__).with_name("quix_loop.py")


def prepare(cache: Path) -> Callable[[Job], list[str]]:
    """Install Quix Streams if it is missing."""
    folder = cache / f"quixstreams-{VERSION}"
    files.build_once(folder, _install)
    # Scripts of a moved venv have the old path; its interpreter works.
    python = str(folder / "bin" / "python")
    return lambda job: [
        python,
        str(LOOP),
        job.kafka_bootstrap,
        job.topic,
        job.group,
        job.url,
        str(job.folder),
    ]


def _install(folder: Path) -> None:
    for command in (
        [sys.executable, "-m", "venv", str(folder)],
        [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", _REQUIREMENT],
    ):
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        if done.returncode:
            last = done.stderr.strip().rpartition("\n")[2]
            raise NotHereError(f"Quix Streams could not be installed: {last}")


_REQUIREMENT: Final = f"quixstreams[postgresql]=={VERSION}"
QUIX: Final = Peer(
    key="quix",
    name=f"Quix Streams {VERSION}",
    gives="at least once, no aggregates",
    settings=(
        f"Quix Streams {VERSION} with its `PostgreSQLSink`: `commit_every` 10,000 (one transaction "
        "each), `include_metadata` and `schema_auto_update` off, one connection; the table is a "
        "hypertable of one-day chunks, ids as text."
    ),
    prepare=prepare,
    share=0.25,
)
