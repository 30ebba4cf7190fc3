"""Entry point of the local stack: `python3 deploy/local/stack.py COMMAND`, from any folder."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    from deploy.local.command import main

    sys.exit(main(sys.argv[1:]))
