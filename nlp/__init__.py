"""Reading Chinese customer feedback: normalise, mask, segment, one encoder pass, labels with evidence.

A pure library: no database, no network, no configuration beyond the folders it is given. `load` is the way in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

SHIPPED = "hs8"  # the version under data/model that this release was tested with
MODES = ("fp32", "bf16", "int8")  # how the encoder may multiply, from the most exact on

if TYPE_CHECKING:
    from pathlib import Path

    from nlp.pipeline import Pipeline


def load(model: Path, *, threads: int | None = None, mode: str = "fp32") -> Pipeline:
    """The pipeline with the model in folder `model`; `threads` bounds torch's, for the whole process.

    `mode` is how the encoder multiplies: "fp32", or "bf16" or "int8" where nlp.measure found it faster.

    Raises nlp.artifact.ArtifactError when the folder is not a whole, unchanged model. Importing torch and
    transformers takes seconds, so it happens here and not when this package is imported.
    """
    from nlp.model import load_pipeline

    return load_pipeline(model, threads=threads, mode=mode)
