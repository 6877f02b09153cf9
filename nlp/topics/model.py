"""What a fit leaves behind: the space, the topics' centroids and the likeness that a text must reach."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from nlp.artifact import ArtifactError
from nlp.topics.clusters import OUTSIDE
from nlp.topics.space import Space

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class TopicModel:
    """Assigns texts to topics; holds no texts. `ids[i]` is the topic whose centroid is row i."""

    space: Space
    ids: NDArray[np.int64]  # (k,)
    centroids: NDArray[np.float32]  # (k, d), of length 1
    threshold: float  # cosine below which a text belongs to no topic

    def assign(
        self,
        embeddings: NDArray[np.float32],
        channels: Sequence[str],
        features: NDArray[np.float32] | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Topic ids (n,), OUTSIDE where none is near enough, and the cosine to the nearest centroid (n,)."""
        if not len(self.ids) or not len(embeddings):
            return np.full(len(embeddings), OUTSIDE, dtype=np.int64), np.zeros(len(embeddings), dtype=np.float32)
        likeness = self.space.transform(embeddings, channels, features) @ self.centroids.T
        best = likeness.argmax(axis=1)
        score = likeness[np.arange(len(best)), best]
        return np.where(score >= self.threshold, self.ids[best], OUTSIDE), score.astype(np.float32)

    def renumbered(self, ids: Mapping[int, int]) -> TopicModel:
        """The same model with some topics under other ids, such as those a database gave."""
        return replace(self, ids=np.array([ids.get(int(one), int(one)) for one in self.ids], dtype=np.int64))

    def to_bytes(self) -> bytes:
        """A safetensors file."""
        names = list(self.space.channel_means)
        width = len(self.space.mean)
        means = np.array([self.space.channel_means[name] for name in names], dtype=np.float32).reshape(-1, width)
        tensors = {
            "ids": self.ids,
            "centroids": self.centroids,
            "threshold": np.array([self.threshold], dtype=np.float32),
            "channel_means": means,
            "mean": self.space.mean,
            "directions": self.space.directions,
            "feature_mean": self.space.feature_mean,
        }
        contiguous = {name: np.ascontiguousarray(value) for name, value in tensors.items()}
        # the names are a tensor as well: the format's own reader from bytes does not give its metadata back
        head = json.dumps({"format": _FORMAT, "channels": names}).encode()
        return save(contiguous | {"head": np.frombuffer(head, dtype=np.uint8)})

    @classmethod
    def from_bytes(cls, data: bytes) -> TopicModel:
        """Read what `to_bytes` wrote. Raises nlp.artifact.ArtifactError."""
        try:
            tensors = load(data)
            head = json.loads(tensors["head"].tobytes())
            means = dict(zip(head["channels"], tensors["channel_means"], strict=True))
            space = Space(means, tensors["mean"], tensors["directions"], tensors["feature_mean"])
            model = cls(space, tensors["ids"], tensors["centroids"], float(tensors["threshold"][0]))
        except (SafetensorError, KeyError, ValueError) as error:
            raise ArtifactError(f"no readable topic model: {type(error).__name__}") from error
        if head.get("format") != _FORMAT:
            raise ArtifactError(f"topic model of format {head.get('format')}, expected {_FORMAT}")
        return model
