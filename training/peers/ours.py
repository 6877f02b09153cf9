"""Our model, read through the whole pipeline as in production."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import nlp
from nlp.artifact import ArtifactError
from nlp.heads import CHOICE_HEADS, RISK
from nlp.taxonomy import values
from training.peers.told import POLE, SIGN, UNKNOWN, CannotRunError, Told, sign

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlp.doc import Doc
    from training.peers.told import Job, Reader


def learn(job: Job) -> Reader:
    """Nothing is learnt: the folder holds the trained model."""
    try:
        pipeline, docs = nlp.load(Path(job.folder)), job.whole()
    except ArtifactError as error:
        raise CannotRunError(str(error)) from error
    (version,) = (stage.version for stage in pipeline.stages if stage.fills == "labels")

    def read() -> Told:
        told = answers(list(pipeline.run(docs)))
        told.note = f"{version}, {told.note}"
        return told

    return read


def answers(docs: Sequence[Doc]) -> Told:
    """What the pipeline said; a doc it could not read has no answer, which is never right."""
    told = Told(note=f"{sum(doc.failure is not None for doc in docs)} not read")
    for head in CHOICE_HEADS:
        best = [doc.labels[head][0] if doc.failure is None else None for doc in docs]
        told.choice[head] = [values(head).index(label.name) if label else UNKNOWN for label in best]
        told.accepted[head] = [label is not None and not label.abstained for label in best]
    told.choice[SIGN] = [UNKNOWN if label == UNKNOWN else sign(label) for label in told.choice["sentiment"]]
    told.score = [doc.sentiment_score for doc in docs]
    told.choice[POLE] = [
        UNKNOWN if doc.failure else int(score > 0) for doc, score in zip(docs, told.score, strict=True)
    ]
    names = [{label.name for label in doc.labels.get(RISK, ())} for doc in docs]
    told.risks = [[int(name in given) for name in values(RISK)] for given in names]
    told.demand = [(doc.demand.part, doc.demand.start, doc.demand.end) if doc.demand else None for doc in docs]
    return told
