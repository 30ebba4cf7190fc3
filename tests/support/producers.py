"""The agents of docs/agents/producers, as their reader runs them: `WORDS… USER [AGENT]`."""

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
# Those that speak to Kafka by themselves.
PLAIN: Final = ("with_aiokafka.py", "with_confluent_kafka.py", "with_node.mjs", "go")


def command(program: str, folder: Path) -> list[str]:
    """What runs it; `folder` takes what has to be made for that.

    Skips the test where the language is not there, or too old.
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
