"""Unlabelled texts and question pairs as piece ids, with the hygiene that honest figures ask for.

No training input may hold a text of the development fold; question pairs are split by connected component and
bank questions by standard question, so that nothing of a kept-out one was seen in another wording. Sides are drawn by
texts as they are written, as they always were; words that thereby stand on both sides are on neither.
"""

from __future__ import annotations

import hashlib
import json
import lzma
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from nlp.doc import Doc
from nlp.encoder import NothingToJudgeError, framed
from nlp.mask import Masker
from nlp.normalize import Normalizer, normalize
from nlp.segment import Segmenter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from nlp.encoder import Reader, Tokens

Row = TypeVar("Row")
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
    """JSON objects, a line each, plain or .xz. Raises ValueError with file and line."""
    return read_lines(path, _object)


def _object(row: object) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise ValueError("no object")  # noqa: TRY004 - the file's fault, told as one
    return row


def read_lines(path: Path, read: Callable[[dict[str, Any]], Row]) -> Iterator[Row]:
    """What `read` makes of each line's object. Raises ValueError with file and line, of what it raises as well."""
    number = 0
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rb") as lines:  # decoded one by one, so that one which is not UTF-8 has its number too
        try:
            for number, line in enumerate(lines, 1):
                try:
                    row = read(json.loads(line))
                except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
                    raise ValueError(f"{path.name}, line {number}: {type(error).__name__} {error}") from error
                yield row
        except (EOFError, lzma.LZMAError) as error:
            raise ValueError(f"{path.name}, behind line {number}: {error}") from error


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


@cache
def _stages() -> tuple[Normalizer, Masker, Segmenter]:
    return Normalizer(), Masker(), Segmenter()


def prepared(doc: Doc) -> Doc:
    """The doc itself, normalised and masked as the pipeline does it."""
    normalizer, masker, _ = _stages()
    doc.normal = normalizer.predict([doc])[0]
    doc.identifiers = masker.predict([doc])[0]
    return doc


def read(texts: Iterable[str], reader: Reader, held: frozenset[str]) -> list[Text]:
    """Each as `read_one` does; those that are None are left out."""
    return [found for text in texts if (found := read_one(text, reader, held))]


def read_one(text: str, reader: Reader, held: frozenset[str], longest: int = LONGEST) -> Text | None:
    """Normalised, masked and cut to `longest` pieces; None for an empty text or one whose words are `held`."""
    if not text.strip() or words_key_of(text) in held:
        return None
    doc = prepared(Doc.of("", text[: 4 * longest]))
    doc.words = _stages()[-1].predict([doc])[0]
    try:
        return _text(doc, reader.tokens(doc), longest)
    except NothingToJudgeError:
        return None


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
    """The question pairs; `kept_out` by connected component.

    Left out are pairs with a held text, and those with words that are kept out and also stand in a component that is
    not: they are neither learnt nor judged.
    """
    found = list(rows(path))
    numbers: dict[str, int] = {}
    ends = np.array([[numbers.setdefault(row[side], len(numbers)) for side in "ab"] for row in found]).reshape(-1, 2)
    graph = coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), (len(numbers), len(numbers)))
    _count, component = connected_components(graph, directed=False)
    first: dict[int, str] = {}
    for text, number in numbers.items():
        first.setdefault(int(component[number]), text)
    out = {number: part_of(text, KEPT_OUT) == 0 for number, text in first.items()}
    words = {text: words_key_of(text) for text in numbers}
    kept, learnt = (
        {words[text] for text, number in numbers.items() if out[int(component[number])] is side}
        for side in (True, False)
    )
    unclear = held | (kept & learnt)
    return [
        Pair(row["set"], row["a"], row["b"], bool(row["label"]), out[int(component[end])])
        for row, end in zip(found, ends[:, 0], strict=True)
        if not {words[row["a"]], words[row["b"]]} & unclear
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
