"""Unlabelled texts and question pairs as piece ids, with the hygiene that honest figures ask for.

No training input may hold a text of the development fold; question pairs are split by connected component and
bank questions by standard question, so that nothing of a kept-out one was seen in another wording.
"""

from __future__ import annotations

import hashlib
import json
import lzma
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from nlp.doc import Doc
from nlp.encoder import NothingToJudgeError, framed
from nlp.mask import Masker
from nlp.normalize import Normalizer, normalize
from nlp.segment import Segmenter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from nlp.encoder import Reader, Tokens

LONGEST = 128  # pieces of an unlabelled text that are read; attention costs their square
KEPT_OUT = 10  # one component or standard question in so many is kept for the figures


@dataclass(frozen=True, slots=True)
class Text:
    """ids: framed piece ids (T,). words: for each word the positions of its pieces, markers left out."""

    ids: list[int]
    words: list[list[int]]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two questions and whether they ask the same."""

    set: str
    left: str
    right: str
    same: bool
    kept_out: bool


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """JSON lines, plain or .xz. Raises ValueError with file and line."""
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield json.loads(line)
            except ValueError as error:
                raise ValueError(f"{path.name}, line {number}: {type(error).__name__}") from error


def key_of(text: str) -> str:
    """Hash of the normalised text, as `corpus.Example.key` of a plain text: it draws the fold and names labels."""
    return hashlib.sha256(normalize(text).text.encode()).hexdigest()


def words_key_of(text: str) -> str:
    """`words_key` of a text as it was written."""
    return words_key(normalize(text).text)


def words_key(normal: str) -> str:
    """Hash of a normalised text's letters and digits: what is held out is told by it, whatever its blanks and signs."""
    bare = "".join(filter(str.isalnum, normal)) or normal
    return hashlib.sha256(bare.encode()).hexdigest()


def part_of(name: str, parts: int) -> int:
    """A number below `parts` that depends on the name alone."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % parts


def read(texts: Iterable[str], reader: Reader, held: frozenset[str], longest: int = LONGEST) -> list[Text]:
    """Normalised, masked and cut to `longest` pieces; texts whose words are `held` and empty ones are left out."""
    normalizer, masker, segmenter = Normalizer(), Masker(), Segmenter()
    answer = []
    for text in texts:
        if not text.strip() or words_key_of(text) in held:
            continue
        doc = Doc.of("", text[: 4 * longest])
        doc.normal = normalizer.predict([doc])[0]
        doc.identifiers = masker.predict([doc])[0]
        doc.words = segmenter.predict([doc])[0]
        try:
            tokens = reader.tokens(doc)
        except NothingToJudgeError:
            continue
        answer.append(_text(doc, tokens, longest))
    return answer


def _text(doc: Doc, tokens: Tokens, longest: int) -> Text:
    ids = tokens.ids[:longest]
    spans = doc.words[0]
    starts = [word.start for word in spans]
    word_of = np.searchsorted(starts, [span.start if span else -1 for span in tokens.spans[:longest]], "right") - 1
    places = [
        (int(word), 1 + at)
        for at, (word, piece) in enumerate(zip(word_of, tokens.spans, strict=False))
        if word >= 0 and piece and piece.start < spans[word].end
    ]
    words = [[at for _, at in group] for _, group in groupby(places, key=lambda place: place[0])]
    return Text(framed(ids), words)


def pairs(path: Path, held: frozenset[str]) -> list[Pair]:
    """The question pairs; `kept_out` by connected component, pairs with a held text left out."""
    found = list(rows(path))
    numbers: dict[str, int] = {}
    ends = np.array([[numbers.setdefault(row[side], len(numbers)) for side in "ab"] for row in found])
    graph = coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), (len(numbers), len(numbers)))
    _count, component = connected_components(graph, directed=False)
    first: dict[int, str] = {}
    for text, number in numbers.items():
        first.setdefault(int(component[number]), text)
    out = {number: part_of(text, KEPT_OUT) == 0 for number, text in first.items()}
    return [
        Pair(row["set"], row["a"], row["b"], bool(row["label"]), out[int(component[end])])
        for row, end in zip(found, ends[:, 0], strict=True)
        if not {words_key_of(row["a"]), words_key_of(row["b"])} & held
    ]


def standard_questions(path: Path, held: frozenset[str]) -> dict[tuple[str, str, str], list[str]]:
    """(set, category, standard question) → its different phrasings, those with at least two."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for row in rows(path):
        if "standard_question" in row and words_key_of(row["question"]) not in held:
            names = (row["set"], row["category"], row["standard_question"])
            found.setdefault(names, []).append(row["question"])
    unique = {names: list(dict.fromkeys(phrasings)) for names, phrasings in found.items()}
    return {names: phrasings for names, phrasings in unique.items() if len(phrasings) > 1}


def kept_out(names: tuple[str, str, str]) -> bool:
    """True for a standard question that is kept for the figures."""
    return part_of(names[2], KEPT_OUT) == 0
