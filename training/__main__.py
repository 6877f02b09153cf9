"""`python -m training`: from public weights and labelled rows to the model folder that ships.

python -m training base --texts CORPUS …      the base encoder with a Chinese vocabulary
python -m training finetune --data ROWS …     all heads, resumable
python -m training wide --data ROWS …         the n-gram part beside them
python -m training export --data ROWS …       int8 folder, calibrated on the development fold
python -m training evaluate --data ROWS …     figures through the whole pipeline
"""

from __future__ import annotations

import json
import lzma
import random
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer
from tokenizers import Tokenizer
from transformers import BertModel

import nlp
from nlp.encoder import MARKERS, Encoder
from nlp.mask import placeholder
from nlp.normalize import normalize
from nlp.taxonomy import pii_kinds
from training import base, corpus, finetune, states, wide
from training.evaluate import evaluate
from training.export import Target, export
from training.network import Network

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
Data = Annotated[list[Path], typer.Option("--data", help="JSON lines with `labels`; may be given several times")]
Work = Annotated[Path, typer.Option(help="folder of the base encoder, the checkpoint and the logs")]
Text = Annotated[str, typer.Option(help="what the model is called; part of every result's version")]
Folder = Annotated[Path, typer.Option(help="where the model goes")]
WORK = Path("var/training")


@app.command("base")
def build_base(
    texts: Annotated[list[Path], typer.Option("--texts", help="JSON lines with `t` or `text`, plain or .xz")],
    work: Work = WORK,
    sample: Annotated[int, typer.Option(help="texts that decide the vocabulary")] = 60_000,
) -> None:
    """Read the public weights, prune the vocabulary to what the texts use, write a transformers folder."""
    rows = list(chain.from_iterable(map(_texts, texts)))
    random.Random(0).shuffle(rows)  # noqa: S311 - a sample, not a secret
    tokens = [*MARKERS.values(), *map(placeholder, pii_kinds())]
    figures = base.build(work / "base", [normalize(text).text for text in rows[:sample]], tokens)
    typer.echo(json.dumps(figures))


@app.command("states")
def cache_states(data: Data, work: Work = WORK, layer: Annotated[list[int], typer.Option()] = [12]) -> None:  # noqa: B006 - typer reads it once
    """Encode all training rows once and keep the states after some layers; a killed run goes on."""
    encoder = _encoder(work)
    states.cache(encoder.model, finetune.items(corpus.split(corpus.read(data))[0], encoder), layer, work)


@app.command("finetune")
def run_finetune(data: Data, work: Work = WORK, frozen: int = 12, epochs: int = 6) -> None:
    """Train the layers above FROZEN and all heads; started again, it goes on from the last checkpoint."""
    encoder = _encoder(work)
    rows = finetune.items(corpus.split(corpus.read(data))[0], encoder)
    network = Network(encoder.model, frozen)
    run = work / f"above-{frozen}"
    finetune.finetune(network, rows, states.States.read(work, frozen, rows), finetune.Recipe(epochs=epochs), run)


@app.command("wide")
def fit_wide(data: Data, work: Work = WORK) -> None:
    """Train the hashed n-gram part beside the encoder; minutes."""
    wide.save(wide.fit(corpus.split(corpus.read(data))[0]), work)


@app.command("export")
def run_export(data: Data, version: Text, output: Folder, work: Work = WORK, frozen: int = 12) -> None:
    """Write the model folder from the last checkpoint of the run above FROZEN."""
    encoder = _encoder(work)
    network = Network(encoder.model, frozen)
    finetune.restore(network, work / f"above-{frozen}")
    _training, development = corpus.split(corpus.read(data))
    export(network, wide.load(work), encoder.tokenizer, development, Target(output, version))


@app.command("evaluate")
def run_evaluate(data: Data, model: Path = Path("data/model"), prefix: str = "R") -> None:
    """Figures on the development rows whose id begins with PREFIX (R: public texts, A: authored ones)."""
    _training, development = corpus.split(corpus.read(data))
    rows = [example for example in development if example.doc.id.startswith(prefix)]
    for line in evaluate(nlp.load(model), rows):
        typer.echo(line)


def _encoder(work: Path) -> Encoder:
    model = BertModel.from_pretrained(work / "base", add_pooling_layer=False)
    return Encoder(Tokenizer.from_file(str(work / "base" / "tokenizer.json")), model, "training")


def _texts(path: Path) -> list[str]:
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [row.get("t") or row.get("text") or "" for row in rows]


if __name__ == "__main__":
    app()
