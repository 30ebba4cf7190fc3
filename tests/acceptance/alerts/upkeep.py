"""Ingest's upkeep alone, in a process: `python -m tests.acceptance.alerts.upkeep PORT EVERY_S`."""

import asyncio
import sys
from datetime import timedelta

from prometheus_client import start_http_server

from ingest.admin.upkeep import Upkeep
from schemas.settings import DatabaseSettings
from schemas.settings.environment import load

if __name__ == "__main__":
    (database,) = load(DatabaseSettings)
    start_http_server(int(sys.argv[1]), "127.0.0.1")
    asyncio.run(Upkeep(database, timedelta(hours=1)).run(period_s=float(sys.argv[2])))
