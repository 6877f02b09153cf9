"""Whether a text holds one of the identifiers one knows, however it is written.

What is looked for is compared in one form: numbers by their digits alone, whether written, spaced or spoken; the rest
by letters alone, without regard to case, width or script. Numbers of fewer than SHORTEST_NUMBER digits (card tails,
one-time codes) and names of two characters are left out: by accident they stand everywhere.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from nlp.addresses import region_end
from nlp.canonical import canonical, lettered, letters, numbers
from nlp.normalize import normalize
from nlp.personal import ADDRESS

if TYPE_CHECKING:
    from collections.abc import Iterable

SHORTEST_NUMBER = 7
SHORTEST_WORD = 3


class Known:
    """Identifiers to look for; they are held in memory only and never given back."""

    def __init__(self, identifiers: Iterable[tuple[str, str]]) -> None:
        """Pairs of the identifier as it was written and its kind."""
        self._numbers: dict[int, dict[str, str]] = defaultdict(dict)
        self._words: dict[int, dict[str, str]] = defaultdict(dict)
        for written, kind in identifiers:
            start = region_end(written, 0, len(written)) if kind == ADDRESS else 0  # the regions may be told
            form = canonical(written[start:], kind)
            if lettered(kind) and len(form) >= SHORTEST_WORD:
                self._words[len(form)][form] = kind
            elif not lettered(kind) and len(form) >= SHORTEST_NUMBER:
                self._numbers[len(form)][form] = kind

    def __len__(self) -> int:
        return sum(map(len, (*self._numbers.values(), *self._words.values())))

    def kinds_in(self, text: str) -> set[str]:
        """The kinds of the known identifiers that the text holds in any form; linear in its length."""
        plain = normalize(text).text
        found = _kinds(letters(plain), self._words)
        for number in numbers(plain):
            found |= _kinds(number, self._numbers)
        return found


def _kinds(text: str, known: dict[int, dict[str, str]]) -> set[str]:
    return {
        same[text[at : at + size]]
        for size, same in known.items()
        for at in range(len(text) - size + 1)
        if text[at : at + size] in same
    }
