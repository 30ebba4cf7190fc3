"""The Kubernetes files as kustomize renders them: of Kubernetes' own shape, and in step with us."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from schemas.settings import GROUPS, PREFIX, HttpSettings, IngestSettings, KafkaSettings
from tests.support.stack import REPOSITORY

FOLDER = REPOSITORY / "deploy" / "kubernetes"
CORE = "1.32"
# Their resources' schemas are in the source of those that define them.
MODULES = {
    "keda.sh": "github.com/kedacore/keda/v2@v2.17.2",
    "postgresql.cnpg.io": "github.com/cloudnative-pg/cloudnative-pg@v1.27.0",
}

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl here")


def rendered(part: str) -> list[Any]:
    done = subprocess.run(
        ["kubectl", "kustomize", FOLDER / part], capture_output=True, text=True, check=True
    )
    return list(yaml.safe_load_all(done.stdout))


def one(found: list[Any], kind: str, name: str) -> Any:
    (thing,) = [x for x in found if (x["kind"], x["metadata"]["name"]) == (kind, name)]
    return thing


def group(thing: Any) -> str:
    return str(thing["apiVersion"]).partition("/")[0]


def crds(module: str) -> Iterator[Any]:
    """The schemas of a module's resources, by Go's ordinary client."""
    if shutil.which("go") is None:
        pytest.skip("no Go here, which brings the schemas")
    done = subprocess.run(
        ["go", "mod", "download", "-json", module], capture_output=True, text=True, check=True
    )
    for path in (Path(json.loads(done.stdout)["Dir"]) / "config" / "crd" / "bases").iterdir():
        yield yaml.safe_load(path.read_text())


def closed(schema: Any) -> Any:
    """A schema that refuses fields it does not name, as the server's strict validation does."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: closed(part) for name, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and "type" in schema:
        found.setdefault("additionalProperties", False)
    return found


@pytest.mark.parametrize("part", ["base", "keda"])
def test_core_resources_are_of_kubernetes_shape(part: str) -> None:
    found = [thing for thing in rendered(part) if "keda.sh" not in thing["apiVersion"]]
    assert found
    for thing in found:
        kubernetes_validate.validate(thing, CORE, strict=True)


@pytest.mark.parametrize(("part", "of"), [("keda", "keda.sh"), ("platform", "postgresql.cnpg.io")])
def test_resources_of_operators_are_of_their_shape(part: str, of: str) -> None:
    found = [thing for thing in rendered(part) if group(thing) == of]
    assert found
    known = {
        (crd["spec"]["names"]["kind"], version["name"]): version["schema"]["openAPIV3Schema"]
        for crd in crds(MODULES[of])
        for version in crd["spec"]["versions"]
    }
    for thing in found:
        schema = closed(known[thing["kind"], thing["apiVersion"].partition("/")[2]])
        schema["properties"]["metadata"] = {"type": "object"}
        jsonschema.validate(thing, schema)


def pods(found: list[Any]) -> Iterator[Any]:
    for thing in found:
        if thing["kind"] == "Deployment":
            yield thing["spec"]["template"]["spec"]


def test_every_container_is_locked_down() -> None:
    for pod in pods(rendered("base")):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["limits"].keys() == {"memory"}


def test_variables_are_settings_and_hold_no_secret() -> None:
    base = rendered("base")
    named = {name for x in base if x["kind"] == "ConfigMap" for name in x["data"]}
    for pod in pods(base):
        named |= {one["name"] for c in pod["containers"] for one in c.get("env", [])}
    known = {f"{PREFIX}{name}".upper() for of in GROUPS for name in of.model_fields}
    assert all({name, name.removesuffix("_FILE")} & known for name in named)
    assert not [x for x in base if x["kind"] == "Secret"]


def test_what_is_under_way_may_end() -> None:
    base = rendered("base")
    for name, pause_s, drain_ms in (
        ("fleetgauge-ingest", 5, IngestSettings.model_fields["drain_timeout_ms"].default),
        ("fleetgauge-serve", 5, HttpSettings.model_fields["http_drain_timeout_ms"].default),
    ):
        pod = one(base, "Deployment", name)["spec"]["template"]["spec"]
        assert pod["terminationGracePeriodSeconds"] > pause_s + drain_ms / 1_000


def test_the_limit_of_requests_is_shared_among_the_most_that_run() -> None:
    spec = one(rendered("base"), "Deployment", "fleetgauge-serve")["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    env = {found["name"]: found["value"] for found in container["env"]}
    most = spec["replicas"] + spec["strategy"]["rollingUpdate"]["maxSurge"]
    assert env["FLEETGAUGE_HTTP_REPLICAS"] == str(most)


def test_there_are_no_more_ingests_than_partitions() -> None:
    found = rendered("keda")
    scaled = one(found, "ScaledObject", "fleetgauge-ingest")["spec"]
    assert scaled["maxReplicaCount"] <= KafkaSettings.model_fields["samples_partitions"].default
    metadata = scaled["triggers"][0]["metadata"]
    assert metadata["consumerGroup"] == IngestSettings.model_fields["consumer_group"].default
    assert metadata["topic"] == KafkaSettings.model_fields["samples_topic"].default
    # What scales must not be set back by the next apply.
    assert "replicas" not in one(found, "Deployment", "fleetgauge-ingest")["spec"]
