"""Which settings of the broker's security go together: a line a case."""

from typing import get_args

import pytest

from schemas.settings.security import LOGIN, TLS, Protocol, check_together

# the protocol, the other settings, how the sentence continues after the protocol; "" if valid
CASES: list[tuple[Protocol, str, str]] = [
    ("PLAINTEXT", "", ""),
    ("PLAINTEXT", "USERNAME", "does not use FLEETGAUGE_KAFKA_USERNAME: choose another"),
    ("PLAINTEXT", "CA_FILE", "does not use FLEETGAUGE_KAFKA_CA_FILE"),
    ("PLAINTEXT", "CHECK_HOSTNAME", "does not use FLEETGAUGE_KAFKA_CHECK_HOSTNAME"),
    (
        "PLAINTEXT",
        "PASSWORD KEY_FILE",
        "does not use FLEETGAUGE_KAFKA_PASSWORD and FLEETGAUGE_KAFKA_KEY_FILE",
    ),
    ("SSL", "", ""),
    ("SSL", "CA_FILE CHECK_HOSTNAME", ""),
    ("SSL", "CERTIFICATE_FILE KEY_FILE", ""),
    ("SSL", "CERTIFICATE_FILE", "also needs FLEETGAUGE_KAFKA_KEY_FILE"),
    ("SSL", "KEY_FILE", "also needs FLEETGAUGE_KAFKA_CERTIFICATE_FILE"),
    ("SSL", "SASL_MECHANISM", "does not use FLEETGAUGE_KAFKA_SASL_MECHANISM"),
    ("SASL_PLAINTEXT", "SASL_MECHANISM USERNAME PASSWORD", ""),
    ("SASL_PLAINTEXT", "SASL_MECHANISM USERNAME PASSWORD CA_FILE", "does not use FLEETGAUGE_KA"),
    ("SASL_PLAINTEXT", "USERNAME PASSWORD", "also needs FLEETGAUGE_KAFKA_SASL_MECHANISM"),
    ("SASL_SSL", "SASL_MECHANISM USERNAME PASSWORD", ""),
    ("SASL_SSL", "SASL_MECHANISM USERNAME PASSWORD CA_FILE CERTIFICATE_FILE KEY_FILE", ""),
    (
        "SASL_SSL",
        "SASL_MECHANISM",
        "also needs FLEETGAUGE_KAFKA_USERNAME and FLEETGAUGE_KAFKA_PASSWORD",
    ),
]


@pytest.mark.parametrize(("protocol", "given", "error"), CASES)
def test_what_goes_together(protocol: Protocol, given: str, error: str) -> None:
    if not error:
        check_together(protocol, given.split())
        return
    with pytest.raises(ValueError, match=f"^FLEETGAUGE_KAFKA_SECURITY_PROTOCOL={protocol} {error}"):
        check_together(protocol, given.split())


def test_other_settings_are_no_matter() -> None:
    for protocol in get_args(Protocol):
        login = LOGIN if protocol.startswith("SASL") else ()
        check_together(protocol, [*login, "BOOTSTRAP", "SAMPLES_TOPIC"])


def test_no_setting_is_in_both() -> None:
    assert not {*LOGIN} & {*TLS}
