"""Events as they are written: what is sent, and what is refused before anything is."""

from datetime import UTC, datetime

import pytest

from emit import event
from schemas.events import Play, Skill
from schemas.settings import KafkaSettings

NOW = datetime(2026, 3, 10, 14, 35, tzinfo=UTC)
SKILL = '{"type":"skill","userId":"ada","skillId":"s","active":true}'


def test_without_a_time_it_happened_now() -> None:
    expected = Skill(user_id="ada", ts=NOW, skill_id="s", active=True)
    assert event.parse(SKILL, NOW) == expected


def test_its_own_time_is_kept() -> None:
    text = '{"type":"play","userId":"a","playId":"p","listenerId":"l","ts":"2026-01-01T00:00:00Z"}'
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert event.parse(text, NOW) == Play(user_id="a", ts=at, play_id="p", listener_id="l")


# what is written, and how the sentence begins
WRONG = [
    ("", "Input data was truncated: "),
    ("[]", "Expected `object`, got `array`"),
    ('{"type":"skil"}', "Invalid value 'skil' - at `$.type`"),
    (SKILL.replace("ada", "a b"), "Expected `str` matching regex"),
    (SKILL.replace("true", '"yes"'), "Expected `bool`, got `str` - at `$.active`"),
    (SKILL.replace("{", '{"ts":"2026-03-10T14:35:00",'), "Expected `datetime` with a timezone"),
    (SKILL.replace("{", '{"ts":"1999-12-31T23:59:59Z",'), "Skill.ts: expected 2000-01-01"),
]


@pytest.mark.parametrize(("text", "sentence"), WRONG)
def test_what_no_topic_would_take_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match="^" + sentence.replace("$", r"\$")) as caught:
        event.parse(text, NOW)
    assert str(caught.value).endswith(f": {text}")


def test_a_broker_that_is_away_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event, "PATIENCE_S", 0.2)
    kafka = KafkaSettings(kafka_bootstrap="127.0.0.1:1")
    assert event.run(kafka, [SKILL, SKILL]) == 1
