"""Five models by a short recipe, each judged on the fold it did not learn from: figures on five times as many rows.

The model that ships has read all folds but the first, so that it is judged on that one alone. What one fold owes to
chance, with its few rows of a rare class, is seen here. The recipe is short (the base encoder whole, all labelled rows
`epochs` times, nothing else), so that these figures lie below those of a model that learnt longer. Temperatures,
thresholds and the weight of the n-gram part are fitted on the fold that is judged, as they are for the shipped model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlp.artifact import CONFIG
from training import base, corpus, evaluate, finetune, loop, wide
from training.evaluate import EvaluationError, Judgement
from training.export import Target, export
from training.items import items
from training.network import Network
from training.peers.systems import OURS, Run
from training.peers.told import Told
from training.rows import to_learn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from training.corpus import Example

SYSTEMS = (OURS, "TF-IDF + SVM")
VERSION = "folds"


def judge(examples: Sequence[Example], work: Path, epochs: int, prefix: str) -> Judgement:
    """The held rows of all folds whose id begins with `prefix`, as one judgement.

    `work` holds the base encoder and keeps the models: one whose training rows and recipe are the same is not trained
    again, though the code may have changed. Raises loop.OtherRunError where the rows are others, and EvaluationError.
    """
    folds = [_held(examples, fold, prefix) for fold in range(corpus.FOLDS)]
    if not any(folds):
        raise EvaluationError("no row to judge")
    runs: dict[str, list[Run]] = {name: [] for name in SYSTEMS}
    for fold, held in enumerate(folds):
        model = _trained(examples, fold, work / "base", work / f"fold{fold}", epochs)
        judgement = evaluate.judge(held, to_learn(examples, held, fold), model, work / "base", SYSTEMS)
        for name, run in judgement.runs.items():
            if not run.told:
                raise EvaluationError(f"fold {fold}: {name}: {run.why}")
            runs[name].append(run)
    rows = [row for held in folds for row in held]
    return Judgement(rows, {name: _joined(parts) for name, parts in runs.items()}, work / "fold0" / "model")


def _held(examples: Sequence[Example], fold: int, prefix: str) -> list[Example]:
    """What the fold is judged on; the hard rows, which no fold learns from, count for the first alone."""
    rows = [row for row in examples if row.held(fold) and row.doc.id.startswith(prefix)]
    return rows if fold == 0 else [row for row in rows if not row.held(0)]


def _joined(runs: Sequence[Run]) -> Run:
    told = Told.joined([run.told for run in runs if run.told])
    return Run(told, "", sum(run.seconds for run in runs), max(run.memory for run in runs))


def _trained(examples: Sequence[Example], fold: int, start: Path, folder: Path, epochs: int) -> Path:
    """The folder of the model that learnt from all rows but those of the fold."""
    training, held = corpus.split(examples, fold)
    reader, encoder = base.load(start)
    network = Network(encoder)
    mixture = finetune.Mixture(items(training, reader), [], None, epochs)
    finetune.finetune(network, mixture, None, loop.Pace(), folder)
    model = folder / "model"
    if not (model / CONFIG).exists():
        export(network, wide.fit(training), reader.tokenizer, held, Target(model, VERSION))
    return model
