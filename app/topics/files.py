"""Topics of a file, without a store: what `huisheng topics cluster` writes.

The same fit as the store's, over the same reading of every line. Given the output of an earlier run, texts are known
by their ids and topics keep their numbers, also when lines were added or taken away.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import numpy as np

from app.channels.kinds import Role
from app.errors import Invalid
from app.feedback.analyse import Analysed, BadLine, analyse_lines, lines_of
from app.topics.reading import features_of
from nlp.pipeline import Pipeline
from nlp.topics.clusters import NEW, OUTSIDE
from nlp.topics.corpus import Corpus
from nlp.topics.fit import FEWEST, FittedTopics, Previous, fit

NOWHERE = "未归类"


@dataclass(frozen=True, slots=True)
class Clustered:
    """How a run went."""

    texts: int
    covered: int
    topics: int
    bad: int


def cluster_file(
    source: BinaryIO,
    output: TextIO,
    pipeline: Pipeline,
    *,
    seed: int,
    previous: Path | None = None,
    tell: Callable[[BadLine], None],
    progress: Callable[[int], None] = lambda _: None,
) -> Clustered:
    """Write {id, topic, name, score} for every line that could be read; topic -1 is 未归类.

    `previous`: what an earlier run wrote. `tell` gets every bad line, `progress` how many lines were read. Raises
    Invalid for fewer than two good lines, and for a `previous` that no run wrote.
    """
    known = _known(previous) if previous else {}
    rows, bad = _read(source, pipeline, tell, progress)
    if len(rows) < FEWEST:
        raise Invalid("能读的行不到两条，聚不出主题。", field="path")
    fitted = fit(_corpus(rows), seed=seed, previous=_previous(rows, known), embed=pipeline.embed)
    for row, topic, score, name in _placed(rows, fitted):
        line = {"id": row.output["id"], "topic": topic, "name": name, "score": round(score, 4)}
        output.write(json.dumps(line, ensure_ascii=False) + "\n")
    return Clustered(len(rows), int((fitted.assigned != OUTSIDE).sum()), len(fitted.topics), bad)


def _read(
    source: BinaryIO, pipeline: Pipeline, tell: Callable[[BadLine], None], progress: Callable[[int], None]
) -> tuple[list[Analysed], int]:
    rows, bad = [], 0
    for answer in analyse_lines(lines_of(source), pipeline):
        if isinstance(answer, BadLine):
            tell(answer)
            bad += 1
        else:
            rows.append(answer)
        progress(1)
    return rows, bad


def _corpus(rows: list[Analysed]) -> Corpus:
    return Corpus(
        texts=[_said(row.output) for row in rows],
        embeddings=np.stack([row.embedding for row in rows]),
        channels=[row.channel or "" for row in rows],
        demands=[str(row.output["demand"]) for row in rows],
        features=features_of([row.output["labels"] for row in rows]),
        moods=np.array([row.output["sentiment"]["score"] for row in rows], dtype=np.float32),
    )


def _said(output: Mapping[str, Any]) -> str:
    """The customer's side, masked."""
    if "turns" not in output:
        return str(output["masked_text"])
    return "\n".join(turn["masked_text"] for turn in output["turns"] if turn["role"] == Role.CUSTOMER)


def _placed(rows: list[Analysed], fitted: FittedTopics) -> Iterator[tuple[Analysed, int, float, str]]:
    names = {topic.id: topic.name for topic in fitted.topics}
    for row, topic, score in zip(rows, fitted.assigned.tolist(), fitted.scores.tolist(), strict=True):
        yield row, topic, score, names.get(topic, NOWHERE)


def _known(path: Path) -> dict[str, int]:
    """Id to topic of an earlier run."""
    known: dict[str, int] = {}
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
                known[str(row["id"])] = int(row["topic"])
            except (ValueError, KeyError, TypeError):
                message = f"{path.name} 第 {number} 行不是 topics cluster 写的结果（要有 id 和 topic）。"
                raise Invalid(message, field="previous", line=number) from None
    return known


def _previous(rows: list[Analysed], known: Mapping[str, int]) -> Previous | None:
    """The earlier topics row by row; numbers of topics that none of these rows had are not given again."""
    topics = np.array([known.get(str(row.output["id"]), NEW) for row in rows], dtype=np.int64)
    if not (topics >= 0).any():
        return None
    return Previous(topics, max(known.values()) + 1)
