"""The base encoder as it was published, mean-pooled and standardised, with a linear head per task."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from tokenizers import Tokenizer
from torch.nn.utils.rnn import pad_sequence
from transformers import BertModel

from nlp.encoder import BOS, EOS, PAD
from training.peers.fitted import fit
from training.peers.told import CannotRunError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from training.peers.told import Job, Reader

MOST = 4000  # rows to learn from; a twelve-layer encoder reads some dozens a second
LONGEST = 256  # tokens
BATCH = 32
PENALTY = 0.01  # C of the linear heads
PREFIX = "query: "  # what its authors put before every text that is compared or classified


class Base:
    """Texts → float32 (N, hidden): the mean over all tokens of the last layer."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(LONGEST - 2)
        self.model = BertModel.from_pretrained(folder, add_pooling_layer=False).train(mode=False)

    @torch.inference_mode()
    def read(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Batches of like length, answers in the order of the texts."""
        pieces = [[BOS, *found.ids, EOS] for found in self.tokenizer.encode_batch([PREFIX + text for text in texts])]
        order = sorted(range(len(pieces)), key=lambda at: len(pieces[at]))
        answers = np.zeros((len(texts), self.model.config.hidden_size), np.float32)
        for first in range(0, len(order), BATCH):
            taken = order[first : first + BATCH]
            ids = pad_sequence([torch.tensor(pieces[at]) for at in taken], batch_first=True, padding_value=PAD)
            present = (ids != PAD).float()
            states = self.model(ids, attention_mask=present).last_hidden_state
            answers[taken] = ((states * present[..., None]).sum(1) / present.sum(1, keepdim=True)).numpy()
        return answers


def learn(job: Job) -> Reader:
    """A linear head for every task that has labelled rows, on the first MOST of them (they come shuffled)."""
    folder = Path(job.folder)
    if not (folder / "tokenizer.json").exists():
        raise CannotRunError("no base encoder: `python -m training base` builds it")
    if not job.rows.texts:
        raise CannotRunError("no labelled rows to learn from")
    base, scaler, rows = Base(folder), StandardScaler(), job.rows.first(MOST)
    fitted = fit(rows, scaler.fit_transform(base.read(rows.texts)), logistic)
    return lambda: fitted.tell(scaler.transform(base.read(job.texts)), f"linear heads on {len(rows.texts)} rows")


def logistic(matrix: Any, gold: Any) -> LogisticRegression:  # noqa: ANN401 - what scikit-learn takes
    """Classes weighted by rarity."""
    return LogisticRegression(C=PENALTY, class_weight="balanced", max_iter=300).fit(matrix, gold)
