"""People's edits over fits that come and go: no text is lost, and leaving an edit out is as if it had never been."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nlp.topics.clusters import OUTSIDE
from nlp.topics.edits import Edit, EditKind, depending, hidden, merged_into, replay
from nlp.topics.parts import parts, telling_terms

TEXTS, TOPICS = 40, 5


def like_odd(_edit: Edit, texts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Stands for the embeddings: odd texts resemble what was split off."""
    return np.asarray(texts % 2 == 1, dtype=np.bool_)


def shown(base: list[int], *edits: Edit, texts: list[int] | None = None) -> list[int]:
    ids = np.array(texts or range(1, len(base) + 1), dtype=np.int64)
    return [int(one) for one in replay(ids, np.array(base, dtype=np.int64), edits, like_odd)]


def test_a_merge_takes_all_and_leaves_the_rest() -> None:
    assert shown([0, 1, 2, OUTSIDE], Edit(1, EditKind.MERGE, 0, 1)) == [1, 1, 2, OUTSIDE]


def test_a_split_takes_what_was_named_and_later_what_resembles_it() -> None:
    split = Edit(1, EditKind.SPLIT, 0, 9, frozenset({1, 2}), upto=4)
    assert shown([0, 0, 0, 0, 0, 0, 1], split) == [9, 9, 0, 0, 9, 0, 1]


def test_a_move_holds_whatever_a_fit_says() -> None:
    pin = Edit(1, EditKind.MOVE, 3, 3, frozenset({1, 2}))
    assert shown([3, 0, 0], pin) == [3, 3, 0]
    assert shown([OUTSIDE, 4, 3], pin) == [3, 3, 3]


def test_later_edits_win_and_merges_chain() -> None:
    first, second = Edit(1, EditKind.MERGE, 0, 1), Edit(2, EditKind.MERGE, 1, 2)
    assert shown([0, 1, 2], first, second) == [2, 2, 2]
    assert merged_into([first, second]) == {0: 2, 1: 2}
    back = Edit(3, EditKind.MERGE, 2, 0)
    assert merged_into([first, second, back]) == {1: 0, 2: 0}
    assert hidden([first, Edit(4, EditKind.HIDE, 1)]) == {1}


def test_a_split_whose_topic_was_used_later_has_to_wait() -> None:
    split, merge = Edit(1, EditKind.SPLIT, 0, 9, frozenset({1})), Edit(2, EditKind.MERGE, 9, 3)
    assert depending(split, [split, merge]) == [merge]
    assert depending(merge, [split, merge]) == []


@dataclass
class Bank:
    """Fits and edits as they come: the base of the latest fit, and every edit with whether it is in force."""

    base: list[int]
    edits: list[Edit] = field(default_factory=list)
    undone: set[int] = field(default_factory=set)

    def view(self) -> list[int]:
        return shown(self.base, *(edit for edit in self.edits if edit.id not in self.undone))


topics = st.integers(0, TOPICS - 1)
texts = st.frozensets(st.integers(1, TEXTS), min_size=1, max_size=8)
bases = st.lists(st.integers(OUTSIDE, TOPICS - 1), min_size=TEXTS, max_size=TEXTS)
acts = st.one_of(
    st.tuples(st.just("merge"), topics, topics),
    st.tuples(st.just("move"), topics, texts),
    st.tuples(st.just("split"), topics, texts),
    st.tuples(st.just("hide"), topics),
    st.tuples(st.just("undo"), st.integers(0, 30)),
    st.tuples(st.just("fit"), bases),
)


@given(bases, st.lists(acts, max_size=25))
@settings(max_examples=1000)
def test_a_thousand_histories_lose_no_text_and_are_undone_exactly(base: list[int], history: list[tuple]) -> None:  # type: ignore[type-arg]  # one of several shapes
    bank = Bank(base)
    made = TOPICS
    for number, (act, *told) in enumerate(history, 1):
        before = bank.view()
        match act:
            case "fit":
                bank.base = told[0]
            case "undo":
                if bank.edits:
                    bank.undone.add(bank.edits[told[0] % len(bank.edits)].id)
            case "split":
                bank.edits.append(Edit(number, EditKind.SPLIT, told[0], made, told[1], upto=TEXTS // 2))
                made += 1
            case "move":
                bank.edits.append(Edit(number, EditKind.MOVE, told[0], told[0], told[1]))
            case "merge":
                bank.edits.append(Edit(number, EditKind.MERGE, told[0], told[1]))
            case "hide":
                bank.edits.append(Edit(number, EditKind.HIDE, told[0]))
        after = bank.view()
        assert len(after) == TEXTS
        assert set(after) <= set(bank.base) | set(range(made))
        if bank.edits and bank.edits[-1].id == number:  # undo at once: exactly as before
            bank.undone.add(number)
            assert bank.view() == before
            bank.undone.discard(number)
    bank.undone = {edit.id for edit in bank.edits}
    assert bank.view() == bank.base


def test_two_matters_in_one_topic_are_offered_as_its_parts() -> None:
    random = np.random.default_rng(0)
    centres = random.normal(size=(2, 32))
    points = np.vstack([centre + 0.3 * random.normal(size=(20, 32)) for centre in centres]).astype(np.float32)
    said = [f"年费没有告知就扣了{n}" for n in range(20)] + [f"积分兑换一直失败{n}" for n in range(20)]
    found = parts(points, said)
    assert sorted(sorted(part.rows) for part in found) == [list(range(20)), list(range(20, 40))]
    words = {part.rows[0] < 20: part.terms for part in found}
    assert "年费" in "".join(words[True])
    assert "积分" in "".join(words[False])


def test_a_small_topic_has_no_parts() -> None:
    assert parts(np.eye(6, dtype=np.float32), ["话"] * 6) == []


def test_copies_of_one_template_have_no_parts() -> None:
    template = np.random.default_rng(0).normal(size=32).astype(np.float32)
    assert parts(np.tile(template, (16, 1)), ["恭喜您获得本行礼遇"] * 16) == []


@pytest.mark.parametrize("at", [0, 1000, 2000, 3000, 4000])
def test_a_small_part_beside_thousands_of_copies_is_offered_and_the_same_every_time(at: int) -> None:
    random = np.random.default_rng(0)
    template, other = random.normal(size=(2, 32))
    points = np.tile(template, (5_000, 1)).astype(np.float32)
    points[at : at + 4] = other + 0.1 * random.normal(size=(4, 32))
    said = ["恭喜您获得本行礼遇"] * 5_000
    said[at : at + 4] = ["年费没有告知就扣了"] * 4
    found = parts(points, said)
    assert [len(part.rows) for part in found] == [4_996, 4]
    assert sorted(found[1].rows) == list(range(at, at + 4))
    assert found == parts(points, said)


def test_telling_terms_are_said_inside_and_not_outside() -> None:
    found = telling_terms(["年费扣款", "年费太高", "年费短信"], ["短信太多", "短信没收到"])
    assert found[0] == "年费"
    assert "短信" not in found
