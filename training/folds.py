"""Five models by a short recipe, each judged on the fold it did not learn from: figures on five times as many rows.

The model that ships has read all folds but the first, so that it is judged on that one alone. What one fold owes to
chance, with its few rows of a rare class, is seen here. The recipe is short (the base encoder whole, all labelled rows
`epochs` times, nothing else), so that these figures lie below those of a model that learnt longer.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from training import base, corpus, evaluate, finetune, loop, wide
from training.evaluate import Judgement
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


def judge(examples: Sequence[Example], work: Path, epochs: int, prefix: str) -> Judgement:
    """The held rows of all folds whose id begins with `prefix`, as one judgement.

    `work` holds the base encoder; what was trained or asked there before is not done again. Raises loop.OtherRunError
    where that was from other rows, and evaluate.EvaluationError.
    """
    judged: list[Example] = []
    answers: list[dict[str, Told]] = []
    for fold in range(corpus.FOLDS):
        rows = [row for row in examples if row.held(fold) and row.doc.id.startswith(prefix)]
        held = rows if fold == 0 else [row for row in rows if not row.held(0)]  # the hard ones are held in every fold
        judged += held
        folder = work / f"fold{fold}"
        kept = folder / f"answers{prefix}.json"
        model = _trained(examples, fold, work / "base", folder, epochs)
        if not kept.exists():
            told = evaluate.judge(held, to_learn(examples, held, fold), model, work / "base", SYSTEMS).told
            kept.write_text(json.dumps({name: asdict(one) for name, one in told.items()}), encoding="utf-8")
        told = json.loads(kept.read_text(encoding="utf-8"))
        answers.append({name: Told(**one) for name, one in told.items()})
    runs = {name: Run(Told.joined([told[name] for told in answers])) for name in SYSTEMS}
    return Judgement(judged, runs, work / "fold0" / "model")


def _trained(examples: Sequence[Example], fold: int, start: Path, folder: Path, epochs: int) -> Path:
    """The folder of the model that learnt from all rows but those of the fold; one that learnt from others is told."""
    training, held = corpus.split(examples, fold)
    reader, encoder = base.load(start)
    network = Network(encoder)
    mixture = finetune.Mixture(items(training, reader), [], None, epochs)
    finetune.finetune(network, mixture, None, loop.Pace(), folder)
    model = folder / "model"
    if not model.exists():
        aside = Target(folder / "aside", folder.name)
        export(network, wide.fit(training), reader.tokenizer, held, aside)
        aside.folder.rename(model)
    return model
