"""Phrases that signal a risk, each group a feature of its own beside the n-grams.

Distress is said in a hundred ways, and of most the labelled rows hold one or none: a group gathers them, so that what
is learnt of 轻生 holds for 寻死. A group is no verdict: 起诉我 speaks of the bank's suit, 起诉你们 of the customer's;
what each weighs for which label is learnt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class Signals:
    """Finds the phrases of all groups in one pass over a text."""

    def __init__(self, phrases: Mapping[str, Sequence[str]]) -> None:
        """`phrases`: group → its phrases, as `data/rules/signals.json` lists them."""
        self.phrases = phrases
        self._begin: dict[str, list[tuple[str, int]]] = {}
        for group, members in enumerate(phrases.values()):
            for phrase in members:
                self._begin.setdefault(phrase[0], []).append((phrase, group))

    def __len__(self) -> int:
        """The number of groups."""
        return len(self.phrases)

    def find(self, text: str) -> Iterator[tuple[int, int, int]]:
        """Group (its number), start and end of every phrase that stands in a normalised text; they may overlap."""
        for at, char in enumerate(text):
            for phrase, group in self._begin.get(char, ()):
                if text.startswith(phrase, at):
                    yield group, at, at + len(phrase)
