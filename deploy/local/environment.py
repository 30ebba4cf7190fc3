"""The `env` file of an instance: Fleetgauge's settings for its broker and database."""

from collections.abc import Mapping


def settings(kafka_port: int, database_port: int, password: str) -> dict[str, str]:
    """Fleetgauge's settings for an instance with these ports."""
    database = f"postgresql://fleetgauge:{password}@127.0.0.1:{database_port}/fleetgauge"
    return {
        "FLEETGAUGE_KAFKA_BOOTSTRAP": f"127.0.0.1:{kafka_port}",
        "FLEETGAUGE_DATABASE_URL": database,
        "FLEETGAUGE_HTTP_METRICS_PORT": "9465",
    }


def render(values: Mapping[str, str]) -> str:
    """The text of an env file, one `NAME=value` a line."""
    return "".join(f"{name}={value}\n" for name, value in values.items())


def parse(text: str) -> dict[str, str]:
    """The values of an env file; skips empty lines and comments."""
    lines = (line.strip() for line in text.splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}
