"""The compose files as Docker Compose understands them: whole, pinned, of the same images."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local import docker
from deploy.local.instance import Instance, InstanceRecord
from schemas.settings import IngestSettings
from tests.integration.deploy.compose import config, run
from tests.support.stack import REPOSITORY

ALL = REPOSITORY / "deploy" / "compose.yaml"
VARIABLES = {"DATABASE_PASSWORD": "p", "FLEETGAUGE_JWT_SECRET": "s"}
OWN = {"migrate", "ingest", "serve"}
MONITORING = REPOSITORY / "deploy" / "compose.monitoring.yaml"
PASSWORDS = {"GRAFANA_PASSWORD": "g", "GRAFANA_DATABASE_PASSWORD": "d"}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = config(ALL, VARIABLES)["services"]
    return found


@pytest.fixture(scope="module")
def local_services(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    instance = Instance(tmp_path_factory.mktemp("stack"), InstanceRecord("docker", "cache"))
    found: dict[str, Any] = config(docker.COMPOSE, docker.variables(instance))["services"]
    return found


def test_all_of_fleetgauge_is_there(services: dict[str, Any]) -> None:
    assert services.keys() == {"kafka", "database"} | OWN
    for name in OWN:
        assert services[name]["command"] == [name]
        assert services[name]["build"]["dockerfile"] == "deploy/Dockerfile"
        assert Path(services[name]["build"]["context"]) == REPOSITORY


def test_each_begins_when_what_it_needs_is_there(services: dict[str, Any]) -> None:
    needs = {
        name: {on: need["condition"] for on, need in service.get("depends_on", {}).items()}
        for name, service in services.items()
    }
    migrated = {"migrate": "service_completed_successfully"}
    assert needs == {
        "kafka": {},
        "database": {},
        "migrate": {"kafka": "service_healthy", "database": "service_healthy"},
        "ingest": migrated,
        "serve": migrated,
    }
    assert {name for name, service in services.items() if "healthcheck" not in service} == {
        "migrate"
    }


def test_only_this_machine_reaches_it(
    services: dict[str, Any], local_services: dict[str, Any]
) -> None:
    published = [
        (name, port["host_ip"])
        for found in (services, local_services)
        for name, service in found.items()
        for port in service.get("ports", [])
    ]
    assert {address for _, address in published} == {"127.0.0.1"}
    assert [name for name, _ in published] == ["kafka", "serve", "database", "kafka"]


def test_the_images_are_the_same_and_pinned(
    services: dict[str, Any], local_services: dict[str, Any]
) -> None:
    images = {name: service["image"] for name, service in services.items() if name not in OWN}
    assert images == {name: service["image"] for name, service in local_services.items()}
    assert all(image.rpartition(":")[2][0].isdecimal() for image in images.values())
    # The community edition, on PostgreSQL 17.
    assert images["database"].startswith("timescale/timescaledb:")
    assert images["database"].endswith("-pg17")


def test_commands_of_fleetgauge_can_change_nothing_but_tmp(services: dict[str, Any]) -> None:
    for name in OWN:
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["tmpfs"] == ["/tmp"]  # noqa: S108


@pytest.mark.parametrize("missing", VARIABLES)
def test_a_secret_that_is_missing_is_reported(missing: str) -> None:
    given = {name: value for name, value in VARIABLES.items() if name != missing}
    done = run(ALL, given, "--quiet")
    assert done.returncode != 0
    assert missing in done.stderr


def test_the_local_broker_and_the_plain_one_have_the_same_settings(
    local_services: dict[str, Any],
) -> None:
    lines = (docker.COMPOSE.parent / "server.properties").read_text().splitlines()
    plain = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    names = {f"KAFKA_{name.upper().replace('.', '_')}": value for name, value in plain.items()}
    composed = local_services["kafka"]["environment"]
    assert {name: composed.get(name) for name in names} == names


@pytest.fixture(scope="module")
def monitored() -> dict[str, Any]:
    found: dict[str, Any] = config(ALL, VARIABLES | PASSWORDS, MONITORING)["services"]
    return found


def test_prometheus_finds_what_it_scrapes(monitored: dict[str, Any]) -> None:
    scraped = yaml.safe_load((REPOSITORY / "deploy/prometheus/prometheus.yml").read_text())
    targets = [job["static_configs"][0]["targets"] for job in scraped["scrape_configs"]]
    serve, ingest = (monitored[name]["environment"] for name in ("serve", "ingest"))
    anywhere = "0.0.0.0"  # noqa: S104
    assert serve["FLEETGAUGE_HTTP_METRICS_HOST"] == ingest["FLEETGAUGE_METRICS_HOST"] == anywhere
    port = IngestSettings.model_fields["metrics_port"].default
    served = serve["FLEETGAUGE_HTTP_METRICS_PORT"]
    assert targets == [[f"ingest:{port}"], [f"serve:{served}"]]


def test_grafana_has_every_variable_that_its_files_use(monitored: dict[str, Any]) -> None:
    grafana = monitored["grafana"]
    mounted = {volume["target"]: Path(volume["source"]) for volume in grafana["volumes"]}
    provisioning = mounted["/etc/grafana/provisioning"]
    texts = [path.read_text() for path in provisioning.rglob("*.yaml")]
    assert {name for text in texts for name in re.findall(r"\$\{(\w+)\}", text)} <= set(
        grafana["environment"]
    )
    (folder,) = re.findall(r"^ +path: (.*)$", "\n".join(texts), re.M)
    assert list(mounted[folder].glob("*.json"))


def test_monitoring_is_pinned_and_reached_from_this_machine_only(monitored: dict[str, Any]) -> None:
    for name in ("prometheus", "grafana"):
        assert monitored[name]["image"].rpartition(":")[2].lstrip("v")[0].isdecimal()
        assert {port["host_ip"] for port in monitored[name]["ports"]} == {"127.0.0.1"}
