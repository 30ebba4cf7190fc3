"""What a session is given: ours, what the URL's options say, and what is refused."""

import pytest

from sql.session import RELIED_ON, Session, UnusableDatabase, parse_options, server_pid

PG17, PG16 = 17_00_05, 16_00_09

# options, the settings in them, the words that are none
OPTIONS: list[tuple[str, dict[str, str], str]] = [
    ("", {}, ""),
    ("-c work_mem=5MB", {"work_mem": "5MB"}, ""),
    ("-cwork_mem=5MB --lock-timeout=1s", {"work_mem": "5MB", "lock_timeout": "1s"}, ""),
    ("-c search_path=a,b -c Work_Mem=1MB", {"search_path": "a,b", "work_mem": "1MB"}, ""),
    (r"-c search_path=a,\ b", {"search_path": "a, b"}, ""),
    (r"-c my.text=a\\b", {"my.text": r"a\b"}, ""),
    ("-c jit=on -e -B 5", {"jit": "on"}, "-e -B 5"),
    ("-c", {}, "-c"),
    ("-c my.sum=1=1", {"my.sum": "1=1"}, ""),
]

# options, what the session then has of a setting that they name
MERGED = [
    ("-c search_path=telemetry,public", "search_path", "telemetry,public"),
    ("-c work_mem=5MB", "work_mem", "5MB"),
    ("-c statement_timeout=1ms", "statement_timeout", "5s"),
    ("-c LOCK_TIMEOUT=1ms", "lock_timeout", "0"),
    ("-c TimeZone=Asia/Tokyo", "timezone", "UTC"),
    ("-c client_encoding=latin1", "client_encoding", None),
    ("-c application_name=x", "application_name", None),
]


@pytest.mark.parametrize(("options", "settings", "others"), OPTIONS)
def test_options_are_read_as_the_server_reads_them(
    options: str, settings: dict[str, str], others: str
) -> None:
    assert parse_options(options) == (settings, others)


@pytest.mark.parametrize(("options", "name", "value"), MERGED)
def test_the_url_decides_what_is_not_relied_on(options: str, name: str, value: str | None) -> None:
    merged = Session("x", {"statement_timeout": "5s"}).merged(options, PG17)
    assert merged.get(name) == value


def test_a_setting_is_not_asked_of_a_server_that_lacks_it() -> None:
    session = Session("x")
    assert session.merged("", PG17).keys() - session.merged("", PG16) == {"transaction_timeout"}


def test_names_are_in_lower_case() -> None:
    assert [name for name in RELIED_ON if name != name.lower()] == []


# the row of `read_session`, a part of the sentence
REFUSED = [
    ((7, "replica", "off"), "session_replication_role is 'replica'"),
    ((7, "origin", "on"), "run 'select timescaledb_post_restore()'"),
    (None, "session_replication_role"),
]


@pytest.mark.parametrize(("row", "sentence"), REFUSED)
def test_where_nothing_may_be_written(row: tuple[object, ...] | None, sentence: str) -> None:
    with pytest.raises(UnusableDatabase, match=sentence.replace("(", r"\(").replace(")", r"\)")):
        server_pid(row)


@pytest.mark.parametrize("restoring", ["off", None])
def test_the_process_of_a_session(restoring: str | None) -> None:
    assert server_pid((7, "origin", restoring)) == 7
