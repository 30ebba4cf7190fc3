from tests.faults.account import Account
from tests.faults.table import Run, table


def test_all_of_a_case_is_one_line() -> None:
    runs = [
        Run(10, "joins", True, 50, Account(1_000, 990, 10, 0, 0)),
        Run(2, "cut", True, 1, Account(500, 500, 0, 0, 0)),
        Run(10, "joins", False, 2, Account(1_000, 999, 0, 1, 2)),
        Run(16, "tokens", True),
    ]
    assert table(runs) == [
        "case       runs  produced  stored  dead-lettered  lost  doubled  result",
        " 2 cut        1       500     500              0     0        0  pass",
        "10 joins     52     2,000   1,989             10     1        2  1 failed",
        "16 tokens     1                                                  pass",
    ]
