"""One pass of the encoder over each doc, agent turns included; every head reads the same states.

A doc longer than a window is cut at turns where that is possible; the states of its windows are laid end to
end, so that a head sees one sequence whatever the length. The encoder keeps nothing of what it reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from nlp.doc import SUBJECT, Span
from nlp.mask import placeholder as shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from nlp.doc import Doc, Pii
    from nlp.engine import Engine
    from nlp.normalize import NormalText

BOS, PAD, EOS = 0, 1, 2
FRAME = 2  # pieces of the frame, see `framed`
ROOM = 2048  # tokens of a forward pass
WINDOW = 256  # tokens a window holds, its frame included; attention costs its square
MARKERS = {"customer": "[客户]", "agent": "[客服]", "bot": "[机器人]", "system": "[系统]", "subject": "[标题]"}


class NothingToJudgeError(ValueError):
    """The customer said nothing: no text, or none of the turns is his."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the encoder reads of one doc: piece ids, the original span of each (None for a marker), whose they are."""

    ids: list[int]
    spans: list[Span | None]
    judged: list[bool]
    turns: list[int]  # where each part begins, for cutting windows


@dataclass(frozen=True, slots=True)
class Encoding:
    """The encoder's answer for one doc of T tokens.

    states: float32 (T, hidden). spans, judged: as in `Tokens`. embedding: float32 (hidden,), the mean of the
    judged states with length 1.
    """

    states: NDArray[np.float32]
    spans: tuple[Span | None, ...]
    judged: NDArray[np.bool_]
    embedding: NDArray[np.float32]


def visible(normal: NormalText, pii: Sequence[Pii]) -> tuple[str, list[int], list[int]]:
    """What the encoder sees of a part: its normalised text with typed placeholders for the personal data.

    Beside the text, the original start and end of each of its characters.
    """
    text, starts, ends = "", list[int](), list[int]()

    def copy(begin: int, end: int) -> str:
        starts.extend(normal.starts[begin:end])
        ends.extend(normal.ends[begin:end])
        return normal.text[begin:end]

    at = 0
    for span in sorted(pii):
        begin, end = normal.to_normal(span.start, span.end)
        placeholder = shown(span.kind)
        text += copy(at, begin) + placeholder
        starts += [span.start] * len(placeholder)
        ends += [span.end] * len(placeholder)
        at = end
    text += copy(at, len(normal.text))
    return text, starts, ends


def framed(ids: Sequence[int]) -> list[int]:
    """A window as the encoder reads it."""
    return [BOS, *ids, EOS]


class Reader:
    """From a doc to piece ids."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.markers = {role: tokenizer.encode(marker).ids[-1] for role, marker in MARKERS.items()}

    def tokens(self, doc: Doc) -> Tokens:
        """Piece ids of the normalised, masked parts in reading order. Raises NothingToJudgeError."""
        parts = doc.parts()
        read = Tokens([], [], [], [])
        for part in parts:
            judged = doc.judged(part)
            text, starts, ends = visible(doc.normal[part], [span for span in doc.identifiers if span.part == part])
            read.turns.append(len(read.ids))
            if len(parts) > 1:
                role = "subject" if part == SUBJECT else doc.turns[part].role
                read.ids.append(self.markers[role])
                read.spans.append(None)
                read.judged.append(False)
            encoded = self.tokenizer.encode(text)
            for piece, (start, end) in zip(encoded.ids, encoded.offsets, strict=True):
                if end > start:  # a lone space marker carries no character
                    read.ids.append(piece)
                    read.spans.append(Span(part, starts[start], ends[end - 1]))
                    read.judged.append(judged)
        blank = all(not doc.normal[part].text.strip() for part in parts if doc.judged(part))
        if blank or not any(read.judged):
            raise NothingToJudgeError
        return read

    def windows(self, tokens: Tokens) -> list[tuple[int, int]]:
        """Ranges of at most WINDOW tokens (frame included), cut before a turn where one fits."""
        room = WINDOW - FRAME
        cuts = [0]
        ends = [*tokens.turns[1:], len(tokens.ids)]
        for begin, end in zip(tokens.turns, ends, strict=True):
            if end - cuts[-1] > room and begin > cuts[-1]:
                cuts.append(begin)
            while end - cuts[-1] > room:
                cuts.append(cuts[-1] + room)
        return list(pairwise([*cuts, len(tokens.ids)]))


class Encoder(Reader):
    """The stage that fills `encoding`."""

    fills = "encoding"
    needs = ("normal", "identifiers")

    def __init__(self, tokenizer: Tokenizer, engine: Engine, version: str) -> None:
        super().__init__(tokenizer)
        self.engine = engine
        self.version = version

    def predict(self, docs: Sequence[Doc]) -> list[Encoding]:
        """One encoding per doc; what else is read with it does not change it beyond rounding."""
        tokens = [self.tokens(doc) for doc in docs]
        states = iter(self._run([read.ids[start:end] for read in tokens for start, end in self.windows(read)]))
        answers = []
        for read in tokens:
            joined = np.concatenate([next(states) for _ in self.windows(read)])
            judged = np.array(read.judged)
            mean = joined[judged].mean(axis=0)
            answers.append(Encoding(joined, tuple(read.spans), judged, mean / np.linalg.norm(mean)))
        return answers

    def _run(self, windows: Sequence[list[int]]) -> list[NDArray[np.float32]]:
        """The states of each window, those of the frame left out; a pass takes ROOM tokens."""
        answers: list[NDArray[np.float32]] = []
        batch: list[list[int]] = []
        for window in windows:
            if batch and sum(map(len, batch)) + len(window) + FRAME > ROOM:
                answers += self.engine.states(batch)
                batch = []
            batch.append(framed(window))
        answers += self.engine.states(batch)
        return [states[1:-1] for states in answers]
