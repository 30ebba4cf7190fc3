"""Each wrong setting is reported in a sentence with its variable; all of them at once."""

from datetime import timedelta
from pathlib import Path

import pytest

from schemas.settings import (
    DatabaseSettings,
    HttpSettings,
    IngestSettings,
    KafkaSettings,
    SettingsError,
    load,
)

GOOD = {
    "DATABASE_URL": "postgresql://someone:a-password@127.0.0.1:5432/fleetgauge",
    "KAFKA_BOOTSTRAP": "127.0.0.1:9092",
    "JWT_SECRET": "0123456789abcdef0123456789abcdef",
}
Group = type[DatabaseSettings] | type[KafkaSettings] | type[IngestSettings] | type[HttpSettings]


def set_up(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in {**GOOD, **values}.items():
        monkeypatch.setenv(f"FLEETGAUGE_{name}", value)


def problems(*groups: Group) -> list[str]:
    found: list[str] = []
    for group in groups:
        with pytest.raises(SettingsError) as caught:
            load(group)
        found += caught.value.problems
    return found


# the group, the variable, its value, how the one sentence begins
WRONG: list[tuple[Group, str, str, str]] = [
    (DatabaseSettings, "DATABASE_URL", "mysql://x/y", "takes postgresql://user:password@host:port"),
    (DatabaseSettings, "DATABASE_URL", "postgresql://host", "takes postgresql://"),
    (DatabaseSettings, "DATABASE_URL", "", "takes postgresql://"),
    (DatabaseSettings, "LATENESS_LIMIT_DAYS", "0", "Input should be greater than or equal to 1"),
    (DatabaseSettings, "RAW_RETENTION_DAYS", "a month", "Input should be a valid integer"),
    (DatabaseSettings, "METRICS_1H_RETENTION_DAYS", "7", "takes 8 or more: the range 7d is"),
    (IngestSettings, "UPKEEP_INTERVAL_MINUTES", "0", "Input should be greater than or equal to 1"),
    (KafkaSettings, "KAFKA_BOOTSTRAP", "kafka", "takes host:port[,host:port…], not 'kafka'"),
    (KafkaSettings, "KAFKA_BOOTSTRAP", "a:1,b", "takes host:port[,host:port…], not 'b'"),
    (KafkaSettings, "KAFKA_BOOTSTRAP", "http://a:1", "takes host:port[,host:port…]"),
    (KafkaSettings, "SAMPLES_PARTITIONS", "0", "Input should be greater than or equal to 1"),
    (KafkaSettings, "MESSAGE_MAX_BYTES", "9999999999", "Input should be less than or equal to"),
    (IngestSettings, "BATCH_MAX_ROWS", "0", "Input should be greater than or equal to 1"),
    (IngestSettings, "BATCH_LINGER_MS", "-1", "Input should be greater than or equal to 0"),
    (IngestSettings, "METRICS_PORT", "65536", "Input should be less than or equal to 65535"),
    (HttpSettings, "HTTP_PORT", "70000", "Input should be less than or equal to 65535"),
    (HttpSettings, "JWT_SECRET", "x" * 31, "takes a secret of 32 bytes or more"),
    (HttpSettings, "JWT_SECRET", "", "takes a secret of 32 bytes or more"),
    (HttpSettings, "JWT_PREVIOUS_SECRET", "x" * 31, "takes a secret of 32 bytes or more"),
    (HttpSettings, "HTTP_CORS_ORIGINS", "*", "takes https://host[:port]"),
    (HttpSettings, "HTTP_CORS_ORIGINS", "https://a/", "takes https://host[:port]"),
    (HttpSettings, "HTTP_CORS_ORIGINS", "https://a,b", "takes https://host[:port]"),
    (HttpSettings, "HTTP_CORS_ORIGINS", "https://*.a", "takes https://host[:port]"),
    (HttpSettings, "HTTP_CORS_ORIGINS", "null", "takes https://host[:port]"),
    (HttpSettings, "HTTP_MAX_CONNECTIONS", "0", "Input should be greater than or equal to 1"),
    (HttpSettings, "RATE_LIMIT_PER_S", "-1", "Input should be greater than or equal to 0"),
    (HttpSettings, "DATABASE_POOL_SIZE", "101", "Input should be less than or equal to 100"),
]


@pytest.mark.parametrize(("group", "name", "value", "sentence"), WRONG)
def test_a_wrong_value_is_reported(
    monkeypatch: pytest.MonkeyPatch, group: Group, name: str, value: str, sentence: str
) -> None:
    set_up(monkeypatch, **{name: value})
    (problem,) = problems(group)
    assert problem.startswith(f"FLEETGAUGE_{name}: {sentence}")


def test_secrets_are_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(monkeypatch, DATABASE_URL="mysql://u:hunter2@x/y", JWT_SECRET="hunter2")
    assert "hunter2" not in " ".join(problems(DatabaseSettings, HttpSettings))
    set_up(monkeypatch)
    assert "a-password" not in repr(load(DatabaseSettings))


def test_what_is_missing_is_reported() -> None:
    assert problems(DatabaseSettings, KafkaSettings) == [
        "FLEETGAUGE_DATABASE_URL is not set: "
        "it takes postgresql://user:password@host:port/database",
        "FLEETGAUGE_KAFKA_BOOTSTRAP is not set: "
        "it takes host:port of the broker, such as localhost:9092",
    ]


def test_groups_report_all_their_problems_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(monkeypatch, DATABASE_URL="x", HTTP_PORT="x", JWT_SECRET="x")
    with pytest.raises(SettingsError) as caught:
        load(DatabaseSettings, HttpSettings)
    names = [problem.partition(":")[0] for problem in caught.value.problems]
    assert names == ["FLEETGAUGE_DATABASE_URL", "FLEETGAUGE_HTTP_PORT", "FLEETGAUGE_JWT_SECRET"]


# lateness, refresh, raw, 5 minutes, 1 hour: each pair that touches is refused
WINDOWS = [
    ((32, 32, 35, 90, 365), "REFRESH_START_DAYS (32) must be greater than"),
    ((31, 32, 33, 90, 365), "RAW_RETENTION_DAYS (33) must be greater than"),
    ((31, 32, 90, 90, 365), "retention must grow with the bucket"),
    ((31, 32, 35, 365, 365), "retention must grow with the bucket"),
]
NAMES = (
    "LATENESS_LIMIT_DAYS",
    "REFRESH_START_DAYS",
    "RAW_RETENTION_DAYS",
    "METRICS_5M_RETENTION_DAYS",
    "METRICS_1H_RETENTION_DAYS",
)


@pytest.mark.parametrize(("days", "sentence"), WINDOWS)
def test_windows_that_would_lose_data_are_refused(
    monkeypatch: pytest.MonkeyPatch, days: tuple[int, ...], sentence: str
) -> None:
    set_up(monkeypatch, **dict(zip(NAMES, map(str, days), strict=True)))
    (problem,) = problems(DatabaseSettings)
    assert sentence in problem


def test_windows_that_just_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(monkeypatch, **dict(zip(NAMES, ("31", "32", "34", "35", "36"), strict=True)))
    (database,) = load(DatabaseSettings)
    assert database.lateness_limit == timedelta(days=31)


def test_a_secret_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("from a file, and long enough for it\n", encoding="utf-8")
    monkeypatch.setenv("FLEETGAUGE_JWT_SECRET_FILE", str(file))
    (http,) = load(HttpSettings)
    assert http.jwt_secret is not None
    assert http.jwt_secret.get_secret_value() == "from a file, and long enough for it"


def test_a_variable_comes_before_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql://file/fleetgauge", encoding="utf-8")
    set_up(monkeypatch, DATABASE_URL_FILE=str(file))
    (database,) = load(DatabaseSettings)
    assert database.database_url.get_secret_value() == GOOD["DATABASE_URL"]


def test_a_file_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FLEETGAUGE_DATABASE_URL_FILE", str(tmp_path / "absent"))
    (problem,) = problems(DatabaseSettings)
    assert problem.startswith("FLEETGAUGE_DATABASE_URL_FILE: cannot read")


KEYS = "set either FLEETGAUGE_JWT_SECRET (or FLEETGAUGE_JWT_SECRET_FILE) or"


def test_each_replica_has_a_share_of_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(monkeypatch, RATE_LIMIT_BURST="4", HTTP_REPLICAS="5")
    assert problems(HttpSettings)[0].startswith("FLEETGAUGE_RATE_LIMIT_BURST (4) must be")


def test_origins_in_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(monkeypatch, HTTP_CORS_ORIGINS="https://a.example, http://[::1]:3000")
    (http,) = load(HttpSettings)
    assert http.cors_origins == ["https://a.example", "http://[::1]:3000"]


def test_one_key_for_tokens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert problems(HttpSettings)[0].startswith(KEYS)
    set_up(monkeypatch, JWT_PUBLIC_KEY_FILE=str(tmp_path / "key.pem"))
    assert problems(HttpSettings)[0].startswith(KEYS)
    monkeypatch.delenv("FLEETGAUGE_JWT_SECRET")
    (http,) = load(HttpSettings)
    assert http.jwt_public_key_file == tmp_path / "key.pem"
