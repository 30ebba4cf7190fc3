"""How long the cases are, by what seed, and the table of what came of them; also under xdist."""

import os
import random
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Final

import pytest

from tests.faults.account import Account
from tests.faults.table import Run, table

ACCOUNT: Final = "faults.account"
CASE: Final = "faults.case"
ROUNDS: Final = "faults.rounds"
SHORT_TIMEOUT_S: Final = 180
LONG_TIMEOUT_S: Final = 1_800
_BEGAN = pytest.StashKey[float]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("faults")
    group.addoption(
        "--faults-length",
        choices=["short", "long"],
        default="short",
        help="how many rounds the cases have",
    )
    group.addoption(
        "--faults-seed",
        type=int,
        default=os.environ.get("FAULTS_SEED") or random.SystemRandom().randrange(2**32),
        help="what the cases' random choices come from; else FAULTS_SEED, else any",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "fault(number, name): a case of the table of faults")
    config.addinivalue_line("markers", "runs(short, long): how many tests, `run` is each one's own")
    config.stash[_BEGAN] = time.monotonic()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Makes as many tests as the length asks for: side by side they take less time."""
    mark = metafunc.definition.get_closest_marker("runs")
    if mark is not None:
        length = metafunc.config.getoption("faults_length")
        metafunc.parametrize("run", range(mark.kwargs[length]))


def pytest_report_header(config: pytest.Config) -> str:
    return f"faults: {config.getoption('faults_length')}, FAULTS_SEED={_seed(config)}"


def _seed(config: pytest.Config) -> int:
    return int(config.getoption("faults_seed"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Cases have time for their length, and record whose run they are."""
    is_long = config.getoption("faults_length") == "long"
    for item in items:
        mark = item.get_closest_marker("fault")
        if mark is not None:
            item.user_properties.append((CASE, list(mark.args)))
            item.add_marker(pytest.mark.timeout(LONG_TIMEOUT_S if is_long else SHORT_TIMEOUT_S))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Prints the table where a case has run, and how to run the same again."""
    runs = runs_of(
        report
        for outcome in ("passed", "failed", "error")
        for report in terminalreporter.stats.get(outcome, [])
    )
    if not runs:
        return
    terminalreporter.section("faults")
    for line in table(runs):
        terminalreporter.write_line(line)
    took_s = time.monotonic() - config.stash[_BEGAN]
    length = config.getoption("faults_length")
    terminalreporter.write_line(
        f"{len(runs)} tests in {took_s:.0f} s, {length}; FAULTS_SEED={_seed(config)}"
    )


def runs_of(reports: Iterable[Any]) -> list[Run]:
    """By test: its body may have passed, and its teardown not; a module that fails has none."""
    by_test: dict[str, list[Any]] = defaultdict(list)
    for report in reports:
        if isinstance(report, pytest.TestReport) and CASE in dict(report.user_properties):
            by_test[report.nodeid].append(report)
    return [_run(same_test) for same_test in by_test.values()]


def _run(reports: list[Any]) -> Run:
    properties = dict(reports[-1].user_properties)
    number, name = properties[CASE]
    account = Account(**properties[ACCOUNT]) if ACCOUNT in properties else None
    passed = all(report.passed for report in reports)
    return Run(number, name, passed, properties.get(ROUNDS, 1), account)


class Case:
    """One test of a case: how long it is, and where what came of it goes."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._node = request.node
        self.is_long = request.config.getoption("faults_length") == "long"

    def rounds(self, *, short: int, long: int) -> int:
        """How often the harm is done in this test, each of them a run in the table."""
        rounds = long if self.is_long else short
        self._node.user_properties.append((ROUNDS, rounds))
        return rounds

    def record(self, account: Account) -> None:
        """Puts this test's account into the table."""
        self._node.user_properties.append((ACCOUNT, asdict(account)))


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Case:
    """What this test knows of its case."""
    return Case(request)


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """Random for this test alone, whatever else runs: by the run's seed and the test's name."""
    return random.Random(f"{_seed(request.config)}/{request.node.nodeid}")
