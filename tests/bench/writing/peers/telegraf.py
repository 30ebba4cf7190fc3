"""Telegraf: kafka_consumer, json_v2, outputs.postgresql; built once with only these plugins."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

from deploy.local import files
from tests.bench.measurement import NotHereError
from tests.bench.writing.peers.peer import Job, Peer

VERSION: Final = "1.37.2"
MODULE: Final = f"github.com/influxdata/telegraf/cmd/telegraf@v{VERSION}"
TAGS: Final = "custom,inputs.kafka_consumer,outputs.postgresql,parsers.json_v2"
CONFIGURATION: Final = Path(__file__).with_name("telegraf.conf")


def prepare(cache: Path) -> Callable[[Job], list[str]]:
    """Build Telegraf if it is missing."""
    folder = cache / f"telegraf-{VERSION}"
    files.build_once(folder, _build)

    def command(job: Job) -> list[str]:
        text = CONFIGURATION.read_text(encoding="utf-8")
        for name in ("kafka_bootstrap", "topic", "group", "url"):
            text = text.replace(f"@{name}@", getattr(job, name))
        config = job.folder / "telegraf.conf"
        config.write_text(text, encoding="utf-8")
        return [str(folder / "telegraf"), "--config", str(config)]

    return command


def _build(folder: Path) -> None:
    if shutil.which("go") is None:
        raise NotHereError("Go, which is needed to build Telegraf, is not installed")
    variables = {**os.environ, "GOBIN": str(folder), "GOSUMDB": "off"}
    build = subprocess.run(
        ["go", "install", "-tags", TAGS, MODULE],
        env=variables,
        capture_output=True,
        text=True,
        timeout=900,
    )
    if build.returncode:
        last = build.stderr.strip().rpartition("\n")[2]
        raise NotHereError(f"Telegraf could not be built: {last}")


TELEGRAF: Final = Peer(
    key="telegraf",
    name=f"Telegraf {VERSION}",
    gives="at least once, no aggregates",
    settings=(
        f"Telegraf {VERSION} (`inputs.kafka_consumer`, `json_v2`, `outputs.postgresql`): "
        "`metric_batch_size` 10,000, `metric_buffer_limit` 100,000, `max_undelivered_messages` "
        "50,000, `consumer_fetch_default` 4 MB, one connection; a table created by Telegraf: a "
        "hypertable of one-day chunks, tags as text."
    ),
    prepare=prepare,
    table="",
    reads_ahead=50_000,
    newest="select time from samples order by time desc limit 1",
)
