"""The env file of an instance."""

import pytest

from deploy.local import environment


def test_settings_name_the_broker_the_database_and_the_port_of_metrics() -> None:
    assert environment.settings(9092, 5432, "secret") == {
        "FLEETGAUGE_KAFKA_BOOTSTRAP": "127.0.0.1:9092",
        "FLEETGAUGE_DATABASE_URL": "postgresql://fleetgauge:secret@127.0.0.1:5432/fleetgauge",
        "FLEETGAUGE_HTTP_METRICS_PORT": "9465",
    }


def test_what_is_rendered_can_be_parsed() -> None:
    values = environment.settings(9094, 5433, "a-b_c")
    assert environment.parse(environment.render(values)) == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        pytest.param("", {}, id="empty"),
        pytest.param("A=1\n\n# B=2\nC=3\n", {"A": "1", "C": "3"}, id="comment and empty line"),
        pytest.param("A=b=c\n", {"A": "b=c"}, id="equals sign in the value"),
    ],
)
def test_parse(text: str, values: dict[str, str]) -> None:
    assert environment.parse(text) == values
