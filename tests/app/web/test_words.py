"""The sentences about figures say no more than the figures."""

from datetime import UTC, date, datetime

import pytest

from app.web import words


@pytest.mark.parametrize(
    ("count", "before", "said"),
    [
        (5, 5, "与前天持平（5 条）"),
        (8, 5, "比前天多 3 条（前天 5 条）"),
        (0, 2, "比前天少 2 条（前天 2 条）"),
    ],
)
def test_against_the_day_before(count: int, before: int, said: str) -> None:
    assert words.against_day_before(count, before) == said


@pytest.mark.parametrize(
    ("count", "usual", "said"),
    [
        (12, [8, 10, 9], "高于近 3 个周四的范围 8–10（平均 9）"),
        (9, [8, 10, 9], "在近 3 个周四的范围 8–10 之内（平均 9）"),
        (10, [8, 10, 10], "在近 3 个周四的范围 8–10 之内（平均 9.3）"),
        (7, [8, 10, 9], "低于近 3 个周四的范围 8–10（平均 9）"),
        (7, [8, 10], "反馈记录不足三个周四，暂不比较"),
    ],
)
def test_against_the_same_weekday(count: int, usual: list[int], said: str) -> None:
    assert words.against_usual(count, usual, weekday=3) == said


@pytest.mark.parametrize(
    ("on", "said"),
    [(date(2026, 11, 6), "今天到期"), (date(2026, 11, 3), "已逾期 3 天"), (date(2026, 11, 9), "还有 3 天")],
)
def test_due(on: date, said: str) -> None:
    assert words.due(on, date(2026, 11, 6)) == said


def test_days_are_the_banks() -> None:
    late = datetime(2026, 11, 5, 16, 30, tzinfo=UTC)  # half past midnight in the bank
    assert words.day(late) == "11月6日"
    assert words.moment(late) == "11月6日 00:30"
    assert words.full_day(late) == "2026年11月6日 星期五"
    assert words.greeting(datetime(2026, 11, 6, 0, 40, tzinfo=UTC)) == "早上好"


@pytest.mark.parametrize(
    ("share", "said"), [(0, "0%"), (0.004, "0.4%"), (0.0999, "10.0%"), (0.123, "12%"), (1, "100%")]
)
def test_shares(share: float, said: str) -> None:
    assert words.percent(share) == said


@pytest.mark.parametrize(("value", "said"), [(3, "+3"), (-2, "−2"), (0, "0"), (1234, "+1,234")])
def test_changes(value: int, said: str) -> None:
    assert words.signed(value) == said


@pytest.mark.parametrize(("value", "said"), [(0.3, "+0.30"), (-2, "−2.00"), (-0.001, "0.00"), (0.0, "0.00")])
def test_changes_with_digits(value: float, said: str) -> None:
    assert words.signed(value, 2) == said
