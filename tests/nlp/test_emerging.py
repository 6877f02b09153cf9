"""Rises among made-up counts: what is promised of them, on fewer years than tests/bench/bench_emerging.py."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.topics import emerging
from nlp.topics.emerging import alarms, judge, rise
from tests.nlp.bankdays import RATES, SHARES, draw, false_alarms, kinds, new_theme, power


def test_at_most_one_false_alarm_in_four_weeks() -> None:
    assert 0.2 < false_alarms(10, seed=1) <= 1


@pytest.mark.parametrize(("factor", "within"), [(3, 2), (2, 7)])
def test_a_rise_is_reported_in_time(factor: float, within: int) -> None:
    found = power(700, base=10, factor=factor, within=within, seed=1)
    assert found.reported >= 0.9
    assert found.covered >= 0.93


def test_a_theme_without_history_is_reported_in_time() -> None:
    assert new_theme(70, texts=15, within=3, seed=1) == 1


def test_weekdays_and_holidays_are_no_rise() -> None:
    kind = kinds(emerging.DAYS + 7)
    mean = RATES[:, None] * SHARES[kind]
    for end in range(emerging.DAYS, len(kind)):
        found = judge(np.round(mean)[:, :end], kind[:end])
        assert found is not None
        assert not alarms(found.p, np.zeros(len(RATES), dtype=bool))[0].any()
        assert found.usual[50:] == pytest.approx(mean[50:, end - emerging.RECENT : end], rel=0.07)


def test_a_holiday_is_expected_to_be_as_quiet_as_a_sunday_until_one_was_seen() -> None:
    mean = np.full((3, emerging.DAYS), 20.0) * np.array([1.4, 1.2, 1, 1, 1, 0.8, 0.6])[np.arange(emerging.DAYS) % 7]
    kind = [number % 7 for number in range(emerging.DAYS)]
    kind[-2] = emerging.HOLIDAY
    found = judge(mean, kind)
    assert found is not None
    assert found.usual[:, -2] == pytest.approx(found.usual[:, -1], rel=0.05)


def test_a_rise_tells_since_when_and_how_much() -> None:
    counts = draw(np.random.default_rng(3), np.full((60, emerging.DAYS), 10.0))
    counts[5, -3:] = [28, 33, 30]
    found = judge(counts, kinds(emerging.DAYS))
    assert found is not None
    assert list(np.flatnonzero(alarms(found.p, np.zeros(60, dtype=bool))[0])) == [5]
    told = rise(found, 5)
    assert (told.days, told.observed) == (3, 91)
    assert told.low < 91 / told.expected < told.high
    assert told.low > 1


def test_an_alarm_sounds_once_while_the_rise_goes_on() -> None:
    p = np.array([1e-9, 1e-9, 0.5])
    fires, stays = alarms(p, np.array([True, False, False]))
    assert fires.tolist() == [False, True, False]
    assert stays.tolist() == [True, False, False]


def test_a_handful_of_texts_alarms_nobody() -> None:
    counts = np.zeros((60, emerging.DAYS))
    counts[3, -1] = emerging.FEWEST - 1
    counts[4, -1] = emerging.FEWEST
    found = judge(counts, kinds(emerging.DAYS))
    assert found is not None
    assert found.p[3] == 1
    assert found.p[4] < 0.001


def test_outbreaks_of_the_past_do_not_hide_a_new_one() -> None:
    counts = draw(np.random.default_rng(4), np.full((60, emerging.DAYS), 10.0))
    counts[5, 10:16] = 60  # a week of it is cut away from the level
    counts[5, -2:] = 35
    found = judge(counts, kinds(emerging.DAYS))
    assert found is not None
    assert found.usual[5].mean() < 13
    assert alarms(found.p, np.zeros(60, dtype=bool))[0][5]


@pytest.mark.parametrize(("days", "judged"), [(34, False), (35, True), (62, True)])
def test_short_records_are_not_judged(days: int, judged: bool) -> None:  # noqa: FBT001 - a column of the table
    counts = np.full((4, days), 5.0)
    assert (judge(counts, kinds(days)) is not None) is judged
