"""Each metric of the service is on the operators' page, and its own metrics are for its machine."""

import re
from pathlib import Path

import pytest
from prometheus_client.metrics import MetricWrapperBase
from pydantic import SecretStr

from query import monitoring
from query.app import create_app
from query.monitoring import is_loopback
from schemas.settings import DatabaseSettings, HttpSettings
from tests.support.service import application, serving
from tests.support.stack import SECRET

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"
PAGE = Path(__file__).parents[3] / "docs" / "operators" / "serve.md"
ROW = re.compile(r"^\| `(fleetgauge_\w+)` \| (\w+) \| ([^|]*) \| [^|]+ \| [^|]+ \|$", re.M)


def listed() -> list[tuple[str, str, str]]:
    """Name, as Prometheus shows it, type and labels of the module's metrics."""
    found = []
    for value in vars(monitoring).values():
        if isinstance(value, MetricWrapperBase):
            (family,) = value.describe()
            total = "_total" if family.type == "counter" else ""
            labels = ", ".join(f"`{name}`" for name in value._labelnames)  # noqa: SLF001
            found.append((family.name + total, family.type, labels))
    return found


def test_page_and_module_agree() -> None:
    assert ROW.findall(PAGE.read_text(encoding="utf-8")) == listed()


# where a request seems to come from, its extra headers, and the status
ASKING = [
    ("127.0.0.1", {}, 200),
    ("::1", {}, 200),
    ("127.0.0.1", {"Host": "fleetgauge.example"}, 200),
    ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 404),
    ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}, 404),
    ("192.0.2.7", {}, 404),
    ("192.0.2.7", {"Host": "localhost", "X-Real-IP": "127.0.0.1"}, 404),
]


async def test_the_main_port_has_none_unless_a_setting_says_so() -> None:
    http = HttpSettings(jwt_secret=SecretStr(SECRET))
    app = create_app(DatabaseSettings(database_url=SecretStr(NOWHERE)), http)
    async with serving(app, host="127.0.0.1") as client:
        assert (await client.get("/metrics")).status_code == 404


@pytest.mark.parametrize(("host", "headers", "status"), ASKING)
async def test_who_may_read_them(host: str, headers: dict[str, str], status: int) -> None:
    async with serving(application(NOWHERE), host=host) as client:
        answer = await client.get("/metrics", headers=headers)
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - nobody listens there
        ("localhost", False),
        ("", False),
    ],
)
def test_loopback(host: str, own: bool) -> None:
    assert is_loopback(host) is own
