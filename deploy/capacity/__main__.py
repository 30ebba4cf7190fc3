"""Prints the resources for one fleet, or updates docs/capacity.md from the last benchmark."""

import argparse
import sys

from deploy.capacity.costs import MissingFigureError, read_costs
from deploy.capacity.need import FleetNeed
from deploy.capacity.page import table, write_page


def main() -> None:
    """Print one fleet's row; exit status 1 if a cost was not measured."""
    parser = argparse.ArgumentParser(prog="python -m deploy.capacity", description=__doc__)
    parser.add_argument("--agents", type=int, help="number of agents")
    parser.add_argument("--interval-s", type=float, default=60.0, help="seconds between samples")
    parser.add_argument("--requests-per-s", type=float, default=100.0, help="in total")
    parser.add_argument("--write", action="store_true", help="update the page")
    options = parser.parse_args()
    if options.write:
        write_page()
    elif options.agents is None:
        parser.error("--agents or --write is required")
    else:
        _print(FleetNeed(options.agents, options.interval_s, options.requests_per_s))


def _print(fleet: FleetNeed) -> None:
    try:
        lines = table([fleet], read_costs())
    except MissingFigureError as error:
        sys.exit(f"{error}: run make bench")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
