"""The model on disk: safetensors and JSON with checksums, never pickle.

`model.safetensors` holds large matrices as int8 with one float32 scale a row (`NAME` and `NAME.scale`) and the
rest as float32; `model.json` the configuration and the SHA-256 of every other file; `tokenizer.json` the
vocabulary. A folder whose files do not match their checksums is refused.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors.numpy import load_file, save_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

CONFIG, WEIGHTS, TOKENIZER = "model.json", "model.safetensors", "tokenizer.json"
_SCALE = ".scale"
_QUANTISE_FROM = 10_000  # smaller matrices stay float32: they weigh little


class ArtifactError(ValueError):
    """The folder is not a whole, unchanged model."""


def save(folder: Path, weights: Mapping[str, NDArray[np.float32]], config: Mapping[str, Any], tokenizer: str) -> None:
    """Write a model folder; `tokenizer` is the JSON text of a `tokenizers.Tokenizer`."""
    folder.mkdir(parents=True, exist_ok=True)
    stored: dict[str, NDArray[Any]] = {}
    for name, value in weights.items():
        if value.ndim == 2 and value.size >= _QUANTISE_FROM:  # noqa: PLR2004 - a matrix has two axes
            scale = np.maximum(np.abs(value).max(axis=1), 1e-12).astype(np.float32) / 127
            stored[name] = np.round(value / scale[:, None]).astype(np.int8)
            stored[name + _SCALE] = scale
        else:
            stored[name] = np.ascontiguousarray(value, dtype=np.float32)
    save_file(stored, folder / WEIGHTS)
    (folder / WEIGHTS).chmod(0o644)  # as the files beside it: who trains is not always who serves
    (folder / TOKENIZER).write_text(tokenizer, encoding="utf-8")
    sums = {name: _sha256(folder / name) for name in (WEIGHTS, TOKENIZER)}
    body = json.dumps({**config, "sha256": sums}, ensure_ascii=False, indent=1)
    (folder / CONFIG).write_text(body + "\n", encoding="utf-8")


def load_config(folder: Path) -> dict[str, Any]:
    """The configuration, after the files were checked. Raises ArtifactError."""
    try:
        config: dict[str, Any] = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        changed = [name for name, expected in config["sha256"].items() if _sha256(folder / name) != expected]
    except (OSError, KeyError, ValueError) as error:
        raise ArtifactError(f"no readable model in {folder.name}: {type(error).__name__}") from error
    if changed:
        raise ArtifactError(f"checksum differs: {', '.join(changed)}")
    return config


def load_weights(folder: Path) -> dict[str, NDArray[np.float32]]:
    """All weights as float32, the int8 ones multiplied out."""
    stored = load_file(folder / WEIGHTS)
    return {
        name: value * stored[name + _SCALE][:, None] if name + _SCALE in stored else value
        for name, value in stored.items()
        if not name.endswith(_SCALE)
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
