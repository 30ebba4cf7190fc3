"""What shells complete: subcommands, options and choices, in the shells that are here."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.terminal import on_a_terminal

# What is typed before the Tab, and what then stands there.
CASES = [
    ("fleetgauge comp", "fleetgauge completion"),
    ("fleetgauge dlq re", "fleetgauge dlq replay"),
    ("fleetgauge emit fleet --backfill-", "fleetgauge emit fleet --backfill-interval"),
    ("fleetgauge emit fleet --format m", "fleetgauge emit fleet --format msgpack"),
    ("fleetgauge dlq list --reason too", "fleetgauge dlq list --reason too_large"),
    ("fleetgauge --log-level w", "fleetgauge --log-level warning"),
    ("fleetgauge completion f", "fleetgauge completion fish"),
]
BASH = """
set +o history
source <(fleetgauge completion bash)
"""
ZSH = """
autoload -U compinit && compinit -u -D
source <(fleetgauge completion zsh)
"""
SHELLS = [
    ("bash", ("--norc", "--noprofile", "-i"), BASH),
    ("zsh", ("-f", "-i"), ZSH),
]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A shell's, which finds the command under test, and nothing of this user."""
    scripts = Path(sys.executable).parent
    found = os.pathsep.join([str(scripts), os.environ["PATH"]])
    return {"PATH": found, "HOME": str(tmp_path), "TERM": "dumb", "PS1": "> ", "PROMPT": "> "}


@pytest.mark.parametrize(("shell", "words", "prepare"), SHELLS, ids=["bash", "zsh"])
def test_by_tab(
    shell: str, words: tuple[str, ...], prepare: str, environment: dict[str, str]
) -> None:
    with on_a_terminal([_found(shell), *words], environment) as terminal:
        terminal.type(f"{prepare.strip()}\necho rea''dy\n")
        terminal.await_shown(r"^ready$")
        for typed, expected in CASES:
            # Then to the start of the line, to print what has become of it.
            terminal.type(f"{typed}\t\x01echo \n")
            terminal.await_shown(rf"^{expected} ?$")


def test_fish_by_its_own_answer(environment: dict[str, str]) -> None:
    script = "fleetgauge completion fish | source\n" + "".join(
        f'complete --do-complete "{typed}"\n' for typed, _ in CASES
    )
    done = subprocess.run(
        [_found("fish"), "--no-config", "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    offered = [line.partition("\t")[0] for line in done.stdout.splitlines()]
    assert offered == [expected.split()[-1] for _, expected in CASES], done.stderr


def _found(shell: str) -> str:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"no {shell} here")
    return found
