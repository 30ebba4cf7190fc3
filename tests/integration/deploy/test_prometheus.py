"""Prometheus' configuration and alerts, as Prometheus' own tool sees them."""

import re
import shutil
from pathlib import Path

import yaml

from tests.integration.deploy.promtool import run
from tests.support.stack import REPOSITORY

FOLDER = REPOSITORY / "deploy" / "prometheus"


def test_the_configuration_and_its_rules_are_whole() -> None:
    done = run("check", "config", FOLDER / "prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_fires_when_it_should_and_not_before() -> None:
    done = run("test", "rules", FOLDER / "alerts.test.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_alert_that_fires_too_early_is_found(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    rules = tmp_path / "alerts.yml"
    early = rules.read_text().replace("_lag_seconds[2m])) > 60", "_lag_seconds[2m])) > 0")
    rules.write_text(early)
    assert run("test", "rules", tmp_path / "alerts.test.yml").returncode != 0


def test_each_alert_is_fired_once() -> None:
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    cases = (FOLDER / "alerts.test.yml").read_text()
    for rule in (rule for group in groups for rule in group["rules"]):
        name = rule["alert"]
        patterns = re.findall(r'alertname=~"([^"]*)"', cases)
        assert name in cases or any(re.fullmatch(pattern, name) for pattern in patterns), name
