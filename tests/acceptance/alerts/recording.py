"""What Prometheus would scrape of real processes, in time-lapse: as series for `promtool`.

A scrape every quarter of a second, or as a cause says, stands for one every 15 seconds. So moments
are stretched, and the spans that a process measures by its own stop-watch; ages of data are what
they are.
"""

import asyncio
import re
import time
from bisect import bisect
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import httpx
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.support.stack import REPOSITORY
from tests.support.waiting import until

RULES: Final = REPOSITORY / "deploy" / "prometheus" / "alerts.yml"
SCRAPE_S: Final = 0.25
INTERVAL_S: Final = 15
STOP_WATCHES: Final = ("fleetgauge_stalled_seconds", "fleetgauge_open_transaction_seconds")
MOMENTS: Final = re.compile(r"_timestamp_seconds$|^process_start_time_seconds$")

Series = tuple[tuple[str, str], ...]


def asked_for() -> tuple[str, ...]:
    """The names of all that the rules ask for."""
    found = re.findall(r"\b(?:fleetgauge|process)_\w+", RULES.read_text(encoding="utf-8"))
    return tuple(sorted(set(found)))


@dataclass
class Recording:
    """One cause's session. `targets` are addresses by job and instance."""

    name: str
    scrape_s: float = SCRAPE_S
    targets: dict[tuple[str, str], str] = field(default_factory=dict)
    rounds: list[dict[Series, float]] = field(default_factory=list)
    caused_at: int = 0
    _began: float = field(default_factory=time.time)
    _scraped_at: list[float] = field(default_factory=list)
    _asked_for: tuple[str, ...] = field(default_factory=asked_for)

    def cause(self) -> None:
        """From here on the rules may fire, and not before."""
        self.caused_at = len(self.rounds)

    async def minutes(self, count: float) -> None:
        """Returns when so much of Prometheus' time has passed."""
        end = len(self.rounds) + count * 60 / INTERVAL_S

        async def passed() -> bool:
            return len(self.rounds) >= end

        await until(passed, f"{count} minutes of {self.name}", 240)

    async def shows(self, name: str, at_least: float) -> None:
        """Returns when some series of this name has such a value."""

        async def found() -> bool:
            last = self.rounds[-1] if self.rounds else {}
            values = [value for series, value in last.items() if dict(series)["__name__"] == name]
            return any(value >= at_least for value in values)

        await until(found, f"{name} of {at_least} or more", 180)

    async def starts(self, count: int) -> None:
        """Returns when so many starts of processes have been seen."""

        async def seen() -> bool:
            name = ("__name__", "process_start_time_seconds")
            found = {item for round_ in self.rounds for item in round_.items() if name in item[0]}
            return len(found) >= count

        await until(seen, f"{count} starts", 180)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Scrapes within."""
        async with httpx.AsyncClient(timeout=5) as client:
            scraping = asyncio.create_task(self._scrape(client))
            try:
                yield
            finally:
                scraping.cancel()
                await asyncio.wait([scraping])

    async def _scrape(self, client: httpx.AsyncClient) -> None:
        while True:
            pause = asyncio.create_task(asyncio.sleep(self.scrape_s))
            self._scraped_at.append(time.time())
            asked = [self._ask(client, *target) for target in list(self.targets.items())]
            answers = await asyncio.gather(*asked)
            self.rounds.append({s: v for answer in answers for s, v in answer.items()})
            await pause

    async def _ask(
        self, client: httpx.AsyncClient, target: tuple[str, str], address: str
    ) -> dict[Series, float]:
        job, instance = target
        labels = {"job": job, "instance": instance}
        try:
            answer = await client.get(address)
            answer.raise_for_status()
        except httpx.HTTPError:
            return {_series("up", labels): 0.0}
        found = {
            _series(sample.name, {**sample.labels, **labels}): self._in_lapse(
                sample.name, sample.value
            )
            for family in text_string_to_metric_families(self._wanted(answer.text))
            for sample in family.samples
        }
        return {_series("up", labels): 1.0, **found}

    def _wanted(self, text: str) -> str:
        """The lines that the rules ask for: all would take the test's own time."""
        lines = text.splitlines(keepends=True)
        return "".join(line for line in lines if line.startswith(self._asked_for))

    def _in_lapse(self, name: str, value: float) -> float:
        lapse = INTERVAL_S / self.scrape_s
        if name in STOP_WATCHES:
            return value * lapse
        if MOMENTS.search(name):
            since = value - self._began
            # By rounds: on a busy machine they are further apart than they should be.
            return bisect(self._scraped_at, value) * INTERVAL_S if since > 0 else since
        return value

    def input_series(self) -> Iterator[dict[str, str]]:
        """As `promtool` takes them."""
        for series in sorted({series for round_ in self.rounds for series in round_}):
            labels = dict(series)
            name = labels.pop("__name__")
            inside = ", ".join(f'{label}="{value}"' for label, value in labels.items())
            yield {"series": f"{name}{{{inside}}}", "values": " ".join(self._values(series))}

    def _values(self, series: Series) -> Iterator[str]:
        was_there = False
        for round_ in self.rounds:
            value = round_.get(series)
            if value is not None:
                yield f"{value:.3f}"
            else:
                yield "stale" if was_there else "_"
            was_there = value is not None


def _series(name: str, labels: dict[str, str]) -> Series:
    return (("__name__", name), *sorted(labels.items()))


def rule_test(recording: Recording, rule: str) -> str:
    """The file of a test in which the rule does not fire before its cause, and then does."""
    firing = f'ALERTS{{alertname="{rule}", alertstate="firing"}}'
    seconds = [at * INTERVAL_S for at in (max(0, recording.caused_at - 1), len(recording.rounds))]
    test = {
        "name": f"{rule}: {recording.name}",
        "interval": f"{INTERVAL_S}s",
        "input_series": list(recording.input_series()),
        "promql_expr_test": [
            {"expr": f"count({firing})", "eval_time": f"{seconds[0]}s", "exp_samples": []},
            {
                "expr": f"count(last_over_time({firing}[12h])) > bool 0",
                "eval_time": f"{seconds[1]}s",
                "exp_samples": [{"labels": "{}", "value": 1}],
            },
        ],
    }
    whole = {
        "rule_files": [str(RULES)],
        "evaluation_interval": f"{INTERVAL_S}s",
        "tests": [test],
    }
    return yaml.safe_dump(whole, width=10_000_000)
