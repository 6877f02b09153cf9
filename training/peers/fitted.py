"""One linear model per task over a matrix of features: what the trained peers have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from training.peers.told import Told

if TYPE_CHECKING:
    from collections.abc import Callable

    from training.peers.told import Rows

    Model = Any  # a scikit-learn classifier; the library has no types
    Fit = Callable[[Any, Any], Model]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model per task and per risk; None for a risk that no row or every row carries."""

    models: dict[str, Model]
    risks: list[Model | None]

    def tell(self, matrix: Any, note: str) -> Told:  # noqa: ANN401 - dense or sparse, (N, features)
        """Answers on every row of the matrix."""
        none = np.zeros(matrix.shape[0], dtype=int)
        flags = [model.predict(matrix) if model else none for model in self.risks]
        choice = {task: model.predict(matrix).tolist() for task, model in self.models.items()}
        return Told(choice, risks=np.stack(flags, axis=1).tolist() if flags else [], note=note)


def fit(rows: Rows, matrix: Any, model: Fit) -> Fitted:  # noqa: ANN401 - dense or sparse, (rows, features)
    """A task of which fewer than two classes are known is left out."""
    models = {}
    for task, gold in rows.gold.items():
        known = rows.known(task)
        if len({gold[at] for at in known}) > 1:
            models[task] = model(matrix[known], [gold[at] for at in known])
    known = [at for at, risks in enumerate(rows.risks) if risks is not None]
    flags = np.array([rows.risks[at] for at in known], dtype=int).T
    return Fitted(models, [model(matrix[known], flag) if 0 < flag.sum() < len(flag) else None for flag in flags])
