"""`make demo`: all of Fleetgauge on this machine, with the machine itself as the agent."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    from deploy.local.demo_run import main

    sys.exit(main())
