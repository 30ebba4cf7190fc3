"""`fleetgauge serve` with a fixed clock: `python -m tests.support.serve_at 2026-03-10T14:35Z`."""

import sys
from datetime import datetime
from functools import partial
from unittest.mock import patch

import fleetgauge
from query.app import create_app


def main(now: datetime) -> None:
    """Runs the command with the fixed clock; ends the process."""
    with patch("query.serve.create_app", partial(create_app, clock=lambda: now)):
        fleetgauge.main(["serve"])


if __name__ == "__main__":
    main(datetime.fromisoformat(sys.argv[1]))
