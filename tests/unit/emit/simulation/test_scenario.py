"""What the command takes, and the sentence for what it does not."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner

import fleetgauge
from emit.simulation.moments import DAY_US, HOUR_US, MINUTE_US, SECOND_US, micros
from emit.simulation.scenario import Scenario, Words, scenario
from tests.unit.emit.simulation.fleets import LIMIT, NOW


def of(**words: Any) -> Scenario:
    return scenario(Words(**{"agents": 5, "users": 1, "interval_s": 10, **words}), NOW, LIMIT)


def test_words_become_times() -> None:
    found = of(backfill="30d", duration="15m", backfill_interval="1m")
    assert found.begin_us == micros(NOW) - 30 * DAY_US
    assert (found.start_us, found.end_us) == (micros(NOW), micros(NOW) + 15 * MINUTE_US)
    assert (found.interval_us, found.backfill_interval_us) == (10 * SECOND_US, MINUTE_US)


def test_a_start_may_have_any_offset() -> None:
    found = of(start="2026-03-10T12:00:00+02:00", backfill="1h")
    assert found.start_us == micros(datetime(2026, 3, 10, 10, tzinfo=UTC))
    assert found.begin_us == found.start_us - HOUR_US


def test_history_is_never_finer_than_the_present() -> None:
    assert of(interval_s=600).backfill_interval_us == 600 * SECOND_US


def test_the_longest_backfill_leaves_an_hour_to_arrive() -> None:
    assert of(backfill="743h").begin_us == micros(NOW) - 743 * HOUR_US
    with pytest.raises(ValueError, match="an hour less than 31 days ago"):
        of(backfill="744h")
    with pytest.raises(ValueError, match="an hour less than 31 days ago"):
        of(backfill="743h", start="2026-03-10T14:34:59Z")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"backfill": "40d"}, "31 days ago.*FLEETGAUGE_LATENESS_LIMIT_DAYS.*'40d'"),
        ({"backfill": "x"}, "31 days ago.*FLEETGAUGE_LATENESS_LIMIT_DAYS.*'x'"),
        ({"backfill": "-1d"}, "31 days ago.*FLEETGAUGE_LATENESS_LIMIT_DAYS.*'-1d'"),
        ({"duration": "5"}, "duration takes a number and s, m, h or d, as in 15m, not '5'"),
        ({"backfill_interval": ""}, "backfill-interval takes"),
        ({"start": "2026-03-10T12:00:00"}, "start takes a time such as"),
        ({"start": "noon"}, "start takes a time such as"),
        ({"start": "2026-03-10T14:41:00Z"}, "start takes 2026-02-07T15:35:00Z to now"),
        ({"start": "2025-03-10T12:00:00Z"}, "start takes 2026-02-07T15:35:00Z to now"),
        ({"interval_s": 0.05}, r"interval takes 0\.1 to 86400 seconds, not 0\.05"),
        ({"interval_s": float("nan")}, "interval takes"),
        ({"rate_limit": 0.5}, r"rate-limit takes more than 0\.5 events a second"),
        ({"rate_limit": float("nan")}, "rate-limit takes"),
    ],
)
def test_invalid_values_are_reported_by_name_and_bound(
    words: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        of(**words)


@pytest.mark.parametrize(
    ("lateness", "message"), [("7", "an hour less than 7 days ago"), ("70", "REFRESH_START_DAYS")]
)
def test_the_limit_is_that_of_the_environment(lateness: str, message: str) -> None:
    environment = {
        "FLEETGAUGE_KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "FLEETGAUGE_LATENESS_LIMIT_DAYS": lateness,
    }
    words = ["emit", "fleet", "--backfill=7d"]
    done = CliRunner().invoke(fleetgauge.main, words, env=environment)
    assert (done.exit_code, message in re.sub(r"[\s│]+", " ", done.output)) == (2, True)


@pytest.mark.parametrize(
    "option",
    ["--backfill=40d", "--backfill=x", "--backfill=-1d", "--agents=0", "--format=xml", "--start=0"],
)
def test_a_wrong_option_ends_the_command_with_2(option: str) -> None:
    environment = {"FLEETGAUGE_KAFKA_BOOTSTRAP": "127.0.0.1:1"}
    result = CliRunner().invoke(fleetgauge.main, ["emit", "fleet", option], env=environment)
    assert result.exit_code == 2
    assert ("31 days" in result.output) is ("backfill" in option)
