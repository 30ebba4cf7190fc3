"""Entry point of `make demo`: all of Fleetgauge, with a simulated fleet and this machine."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    from deploy.local.demo_run import main

    sys.exit(main())
