"""What a person typed into the search: words that must all be there, "phrases" as they are written, -what must not.

Anything may be typed; nothing of it is ever an error, and what says nothing (，or -) asks for nothing.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from nlp.lookup import Sought, sought

MOST_CHUNKS = 10
_QUOTES = str.maketrans(dict.fromkeys("“”„‟＂「」『』", '"'))
_PARTING = re.compile(r"[，。！？；：、,!?;:（）()…《》]+")  # as a blank does, but in a phrase
_CHUNK = re.compile(r'(?P<sign>[-－])?(?:"(?P<phrase>[^"]+)"|(?P<word>[^\s"]+))')


@dataclass(frozen=True, slots=True)
class Question:
    """What must be in a text, and groups of which none may be there as a whole."""

    wanted: tuple[Sought, ...] = ()
    unwanted: tuple[tuple[Sought, ...], ...] = ()

    def __bool__(self) -> bool:
        """False where nothing is asked for."""
        return bool(self.wanted or self.unwanted)


def understand(typed: str) -> Question:
    """The question of what was typed."""
    wanted: list[Sought] = []
    unwanted: list[tuple[Sought, ...]] = []
    typed = "".join(char if unicodedata.category(char) != "Cs" else " " for char in typed)
    for match in list(_CHUNK.finditer(_apart(typed.translate(_QUOTES))))[:MOST_CHUNKS]:
        phrase, word = match["phrase"], match["word"]
        found = sought(phrase, exactly=True) if phrase else sought(word)
        if not found:
            continue
        if match["sign"]:
            unwanted.append(tuple(found))
        else:
            wanted += found
    return Question(tuple(dict.fromkeys(wanted)), tuple(unwanted))


def _apart(typed: str) -> str:
    """Punctuation as blanks, outside of phrases."""
    pieces = typed.split('"')
    return '"'.join(piece if place % 2 else _PARTING.sub(" ", piece) for place, piece in enumerate(pieces))
