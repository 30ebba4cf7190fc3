"""The systemd units: whole, hardened, and in step with exit codes and settings."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.settings import GROUPS, PREFIX, HttpSettings, IngestSettings
from tests.support.stack import REPOSITORY

FOLDER = REPOSITORY / "deploy" / "systemd"
UNITS = sorted(path.name for path in FOLDER.glob("*.service"))
COMMAND = "/opt/fleetgauge/bin/fleetgauge"
# Of 100: what systemd calls "OK" ends at 49, and the hardening of today makes 15.
EXPOSURE = 20

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="no systemd-analyze here"
)


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units, with a command that is on this machine."""
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    for name in UNITS:
        unit = tmp_path / name
        unit.write_text(unit.read_text().replace(COMMAND, sys.executable))
    return tmp_path


def analyze(units: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    # The empty path at the end is the machine's own units.
    environment = {**os.environ, "SYSTEMD_UNIT_PATH": f"{units}:", "SYSTEMD_COLORS": "0"}
    command = ["systemd-analyze", "--no-pager", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def values(unit: str, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", (FOLDER / unit).read_text(), re.M)


def test_there_is_a_unit_for_each_command_that_stays() -> None:
    assert [values(unit, "ExecStart") for unit in UNITS] == [
        [f"{COMMAND} {command}"] for command in ("ingest", "migrate", "serve")
    ]


@needs_systemd
def test_systemd_finds_nothing_wrong(units: Path) -> None:
    done = analyze(units, "verify", "--man=no", *(units / name for name in UNITS))
    complaints = [line for line in done.stderr.splitlines() if "fleetgauge" in line]
    assert (done.returncode, complaints) == (0, [])


@needs_systemd
def test_systemd_would_report_an_unknown_key(units: Path) -> None:
    hardening = units / "fleetgauge-.service.d" / "hardening.conf"
    hardening.write_text(hardening.read_text().replace("PrivateDevices=", "PrivateDevice="))
    done = analyze(units, "verify", "--man=no", units / UNITS[0])
    assert "PrivateDevice" in done.stderr


@needs_systemd
@pytest.mark.parametrize("name", UNITS)
def test_a_unit_is_hardened(units: Path, name: str) -> None:
    threshold = f"--threshold={EXPOSURE}"
    done = analyze(units, "security", "--offline=true", threshold, units / name)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", UNITS)
def test_settings_that_cannot_be_used_are_not_tried_again(name: str) -> None:
    assert values(name, "Restart") == ["on-failure"]
    assert values(name, "RestartPreventExitStatus") == ["2"]


@pytest.mark.parametrize(
    ("name", "drain_ms"),
    [
        ("fleetgauge-ingest.service", IngestSettings.model_fields["drain_timeout_ms"].default),
        ("fleetgauge-serve.service", HttpSettings.model_fields["http_drain_timeout_ms"].default),
    ],
)
def test_what_is_under_way_may_end(name: str, drain_ms: int) -> None:
    (stop,) = values(name, "TimeoutStopSec")
    assert int(stop.removesuffix("s")) * 1_000 > drain_ms


def test_the_page_names_settings_that_exist() -> None:
    known = {f"{PREFIX}{name}".upper() for group in GROUPS for name in group.model_fields}
    named = set(re.findall(rf"{PREFIX}\w+", (FOLDER / "README.md").read_text()))
    assert named
    assert {name for name in named if {name, name.removesuffix("_FILE")}.isdisjoint(known)} == set()
