"""Every deployment serves the metrics of `serve` on a separate port, and Prometheus asks it."""

import re
from collections.abc import Callable

import pytest
import yaml

from deploy.local import demo_ports, environment
from tests.support.stack import REPOSITORY

DEPLOY = REPOSITORY / "deploy"
PORT = "9465"


def compose() -> str:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    return str(services["serve"]["environment"]["FLEETGAUGE_HTTP_METRICS_PORT"])


def kubernetes() -> str:
    text = (DEPLOY / "kubernetes" / "base" / "serve.yaml").read_text()
    deployment = next(one for one in yaml.safe_load_all(text) if one["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    variables = {one["name"]: one.get("value") for one in container["env"]}
    return str(variables["FLEETGAUGE_HTTP_METRICS_PORT"])


def systemd() -> str:
    text = (DEPLOY / "systemd" / "fleetgauge-serve.service").read_text()
    return str(re.findall(r"^Environment=FLEETGAUGE_HTTP_METRICS_PORT=(.*)$", text, re.M)[0])


def prometheus() -> str:
    scraped = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    jobs = {job["job_name"]: job["static_configs"] for job in scraped["scrape_configs"]}
    (target,) = jobs["fleetgauge-serve"][0]["targets"]
    return str(target).removeprefix("serve:")


def local_stack() -> str:
    return environment.settings(1, 2, "")["FLEETGAUGE_HTTP_METRICS_PORT"]


def demo() -> str:
    _, first = demo_ports.SERVE.metrics or ("", 0)
    return str(first)


PLACES = [compose, kubernetes, systemd, prometheus, local_stack, demo]


@pytest.mark.parametrize("port", PLACES)
def test_the_port_is_set(port: Callable[[], str]) -> None:
    assert port() == PORT


def test_no_deployment_serves_them_on_the_main_port() -> None:
    texts = [path.read_text() for path in DEPLOY.rglob("*.*ml") if path.is_file()]
    assert not [text for text in texts if "METRICS_ON_MAIN_PORT" in text]
