"""Redacts the settings' secrets in everything that a process writes."""

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TextIO, cast
from urllib.parse import quote, unquote

from schemas.settings import GROUPS, PREFIX

REDACTED: Final = "[redacted]"
# Shorter values would match ordinary words, and are not secrets.
_SHORTEST: Final = 4


class Redacting:
    """A stream that replaces secrets in writes and delegates everything else."""

    def __init__(self, stream: TextIO, clean: Callable[[str], str]) -> None:
        self._stream = stream
        self._clean = clean

    def write(self, text: str) -> int:
        """Writes the text with each secret replaced."""
        return self._stream.write(self._clean(text))

    def writelines(self, lines: Iterable[str]) -> None:
        """Writes the lines with each secret replaced."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def redacting(stream: TextIO) -> TextIO:
    """The stream with the secrets of the environment's settings redacted."""
    return cast(TextIO, Redacting(stream, cleaner(secrets())))


def secrets() -> set[str]:
    """The values of all secret settings, from the environment or a file."""
    found: set[str] = set()
    for group in GROUPS:
        for name, field in group.model_fields.items():
            if "SecretStr" in repr(field.annotation):
                found.update(_values(f"{PREFIX}{name.upper()}"))
    return {part for value in found for part in _parts(value) if len(part) >= _SHORTEST}


def cleaner(hidden: set[str]) -> Callable[[str], str]:
    """A function that redacts these in a text, including quoted and percent-encoded forms."""
    forms = {form for secret in hidden for form in _forms(secret)}
    if not forms:
        return _as_it_is
    pattern = re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True))))
    return lambda text: pattern.sub(REDACTED, text)


def _as_it_is(text: str) -> str:
    return text


def _values(variable: str) -> Iterator[str]:
    if value := os.environ.get(variable):
        yield value
    if path := os.environ.get(f"{variable}_FILE"):
        with suppress(OSError, UnicodeDecodeError):
            yield Path(path).read_text(encoding="utf-8").strip()


def _parts(value: str) -> Iterator[str]:
    """Only the password of a URL is secret; any other value is secret as a whole."""
    login, at, _ = value.rpartition("@")
    if "://" not in value:
        yield value
    elif at and ":" in login.partition("://")[2]:
        password = login.partition("://")[2].partition(":")[2]
        yield from {password, unquote(password)}


def _forms(secret: str) -> Iterator[str]:
    yield secret
    yield quote(secret, safe="")
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(secret)[1:-1]
