"""Analysing lines of JSON without a store: what `huisheng analyse` writes."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Self, TextIO

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from app.channels.base import MAX_LINE_BYTES, MAX_MESSAGES, MAX_TEXT
from app.channels.kinds import Role
from app.channels.problems import field_of, words_of
from app.feedback.results import demand_of, labels_of, pii_of
from nlp.doc import SUBJECT, Doc, Turn
from nlp.mask import masked
from nlp.pipeline import Pipeline

CHUNK = 1024  # lines read ahead; the pipeline sorts them by length
SINGLE = ("intent", "touchpoint", "business", "cause")


class TurnIn(BaseModel):
    """One turn of a conversation."""

    model_config = ConfigDict(hide_input_in_errors=True)

    role: Role
    text: Annotated[str, Field(max_length=MAX_TEXT)]


class LineIn(BaseModel):
    """One input line; any other field of it is ignored."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    id: str | int
    text: Annotated[str, Field(max_length=MAX_TEXT)] | None = None
    turns: Annotated[list[TurnIn], Field(max_length=MAX_MESSAGES)] | None = None
    subject: Annotated[str, Field(max_length=1000)] | None = None
    channel: Annotated[str, Field(max_length=60)] | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.text is None) == (self.turns is None):
            raise PydanticCustomError("one_form", "text 和 turns 须有且只有一个")
        said = [self.text or "", self.subject or "", *(turn.text for turn in self.turns or [])]
        if not any(text.strip() for text in said):
            raise PydanticCustomError("no_content", "内容为空")
        return self


@dataclass(frozen=True, slots=True)
class Analysed:
    """The output object of a line, the channel it told, and its sentence embedding: float32 of shape (384,)."""

    line: int
    output: dict[str, Any]
    channel: str | None
    embedding: np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that could not be analysed; `message` is Chinese and does not repeat it."""

    line: int
    message: str


def analyse_lines(lines: Iterable[bytes], pipeline: Pipeline) -> Iterator[Analysed | BadLine]:
    """One answer per line that is not blank, in order; streams, so the input may be long."""
    numbered = enumerate(lines, start=1)
    while chunk := list(islice(numbered, CHUNK)):
        read = [(number, _read(line)) for number, line in chunk if line.strip()]
        docs = [_doc(value) for _, value in read if isinstance(value, LineIn)]
        answers = iter(pipeline.run(docs))
        for number, value in read:
            if isinstance(value, str):
                yield BadLine(number, value)
                continue
            doc = next(answers)
            if doc.failure is not None or doc.encoding is None:
                stage, error = (doc.failure.stage, doc.failure.error) if doc.failure else ("encoding", "missing")
                yield BadLine(number, f"分析失败（{stage}: {error}）")
            else:
                yield Analysed(number, _output(value, doc), value.channel, doc.encoding.embedding)


def analyse_file(
    source: BinaryIO,
    output: TextIO,
    pipeline: Pipeline,
    *,
    embeddings: Path | None = None,
    tell: Callable[[BadLine], None],
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[int, int]:
    """Write a JSON line per analysed line and, on wish, their embeddings as one .npy array; returns (good, bad).

    `tell` gets every bad line, `progress` the number of lines dealt with.
    """
    good = bad = 0
    vectors: list[np.ndarray[Any, np.dtype[np.float32]]] = []
    for answer in analyse_lines(lines_of(source), pipeline):
        if isinstance(answer, BadLine):
            tell(answer)
            bad += 1
        else:
            output.write(json.dumps(answer.output, ensure_ascii=False) + "\n")
            good += 1
            if embeddings:
                vectors.append(answer.embedding)
        progress(1)
    if embeddings:
        with embeddings.open("wb") as file:
            np.save(file, np.stack(vectors) if vectors else np.empty((0, 384), np.float32))
    return good, bad


def lines_of(source: BinaryIO) -> Iterator[bytes]:
    """Lines, of which one that is too long keeps only its beginning, enough to be told as too long."""
    while line := source.readline(MAX_LINE_BYTES + 1):
        yield line
        while len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            line = source.readline(MAX_LINE_BYTES + 1)


def _read(line: bytes) -> LineIn | str:
    if len(line) > MAX_LINE_BYTES:
        return f"这一行超过 {MAX_LINE_BYTES // 1024} KB"
    try:
        return LineIn.model_validate_json(line.removeprefix(b"\xef\xbb\xbf"))
    except ValidationError as error:
        return f"{field_of(error)}: {words_of(error)}"


def _doc(value: LineIn) -> Doc:
    turns = [Turn(turn.role, turn.text) for turn in value.turns] if value.turns is not None else []
    if value.text is not None:
        turns = [Turn(Role.CUSTOMER, value.text)]
    return Doc(str(value.id), tuple(turns), value.subject or "")


def _output(value: LineIn, doc: Doc) -> dict[str, Any]:
    """The line's object; the fields and their forms are documented in docs/reference."""
    spans = {part: [one for one in doc.pii if one.part == part] for part in doc.parts()}
    best = {head: labels[0].name for head, labels in doc.labels.items() if labels}
    texts: dict[str, Any]
    if value.turns is None:
        texts = {"masked_text": masked(doc.part(0), spans[0]), "pii": pii_of(spans[0])}
    else:
        texts = {
            "turns": [
                {"role": str(turn.role), "masked_text": masked(turn.text, spans[part]), "pii": pii_of(spans[part])}
                for part, turn in enumerate(doc.turns)
            ]
        }
    if value.subject is not None:
        texts["subject_pii"] = pii_of(spans.get(SUBJECT, []))
    return {
        "id": value.id,
        **texts,
        **{head: best[head] for head in SINGLE},
        "sentiment": {"label": int(best["sentiment"]), "score": round(doc.sentiment_score, 4)},
        "risk": [label.name for label in doc.labels.get("risk", ())],
        "demand": demand_of(doc),
        "labels": labels_of(doc, with_part=value.turns is not None),
    }
