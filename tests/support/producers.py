"""Runs the example agents of docs/agents/producers as the pages say: `COMMAND… USER [AGENT]`."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.support.npm import FOLDER as NODE_MODULES
from tests.support.npm import package
from tests.support.stack import REPOSITORY

FOLDER: Final = REPOSITORY / "docs" / "agents" / "producers"
EMITTER: Final = "with_emitter.py"
# Those that use a Kafka client directly.
PLAIN: Final = ("with_aiokafka.py", "with_confluent_kafka.py", "with_node.mjs", "go")


def command(program: str, folder: Path) -> list[str]:
    """The command that runs a program; files that it needs are created in `folder`.

    Skips the test if the language is missing or too old.
    """
    if program == "go":
        return [str(_built(folder / "agent"))]
    if program.endswith(".mjs"):
        return ["node", str(_beside_its_packages(program, folder))]
    return [sys.executable, str(FOLDER / program)]


def _built(binary: Path) -> Path:
    if shutil.which("go") is None:
        pytest.skip("no go here")
    words = ["go", "build", "-o", str(binary), "."]
    done = subprocess.run(words, cwd=FOLDER / "go", capture_output=True, text=True)
    if re.search(r"requires go|invalid go version", done.stderr):
        pytest.skip(f"this go is too old: {done.stderr}")
    assert done.returncode == 0, done.stderr
    return binary


def _beside_its_packages(program: str, folder: Path) -> Path:
    package("@platformatic/kafka")
    modules = folder / "node_modules"
    if not modules.exists():
        modules.symlink_to(NODE_MODULES)
    return Path(shutil.copy(FOLDER / program, folder))
