"""`python -m training`: from public weights and labelled rows to the model folder that ships.

python -m training base --texts CORPUS …      the base encoder with a Chinese vocabulary
python -m training adapt --public SETS …      how customers write and what they ask, without labels
python -m training finetune --data ROWS …     the teacher: all layers, all heads
python -m training distil --data ROWS …       the student that ships
python -m training wide --data ROWS …         the n-gram part beside them
python -m training export --data ROWS …       int8 folder, calibrated on the development fold
python -m training evaluate --data ROWS …     figures of the model and its peers
python -m training embedding --public SETS …  the sentence embedding and its peers, reviews
python -m training deletion --data ROWS …     whether the evidence carries the labels
"""

from __future__ import annotations

import json
import lzma
import random
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

import nlp
from nlp.encoder import MARKERS, Reader
from nlp.mask import placeholder
from nlp.normalize import normalize
from nlp.taxonomy import DATA, pii_kinds
from training import adapt, base, contrast, corpus, deletion, embedding, evaluate, finetune, loop, report, reviews, wide
from training.export import Target, export
from training.mixture import Amounts, held, mixture
from training.network import Network
from training.rows import read, to_learn

if TYPE_CHECKING:
    from training.table import Table

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
Data = Annotated[list[Path], typer.Option("--data", help="JSON lines with `labels`; may be given several times")]
Work = Annotated[Path, typer.Option(help="folder of the base encoder, the checkpoint and the logs")]
Public = Annotated[Path, typer.Option(help="folder of the public sets")]
Name = Annotated[str, typer.Option(help="folder of a run in WORK")]
Text = Annotated[str, typer.Option(help="what the model is called; part of every result's version")]
Folder = Annotated[Path, typer.Option(help="where the model goes")]
Model = Annotated[Path, typer.Option(help="the model folder to judge")]
Output = Annotated[Path | None, typer.Option("--json", help="where the figures go")]
WORK = Path("var/training")
MODEL = DATA / "model" / nlp.SHIPPED


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


@app.command("adapt")
def run_adapt(
    data: Data,
    public: Public,
    work: Work = WORK,
    *,
    name: Name = "adapted",
    words: Annotated[bool, typer.Option(help="guess hidden words")] = True,
    compare: Annotated[bool, typer.Option(help="compare questions")] = True,
    steps: int = 500,
) -> None:
    """Adapt the base encoder to how customers write, without labels; DATA only names the texts that are held out."""
    pace = loop.Pace()
    reader, model = _load(work / "base")
    out = held(list(corpus.read(data)))
    feedback = adapt.feedback(public, reader, out, adapt.TEXTS * steps, pace.seed)
    asked = adapt.questions(public, reader, out, feedback=feedback, pairs=contrast.PAIRS * steps, seed=pace.seed)
    comparison = contrast.Comparison(asked, len(reader.prefix)) if compare else None
    adapter = adapt.Adapter(model, feedback if words else [], comparison, pace.seed)
    adapt.adapt(adapter, steps, pace, work / name)
    _save(reader, model, work / name)


@app.command("finetune")
def run_finetune(
    data: Data,
    public: Public,
    work: Work = WORK,
    *,
    encoder: Name = "adapted",
    name: Name = "teacher",
    epochs: int = 3,
) -> None:
    """Train encoder and heads on labels and public sets; started again, it goes on from the last checkpoint."""
    reader, model = _load(work / encoder)
    mixed = mixture(list(corpus.read(data)), public, reader, Amounts(epochs), distil=False, seed=loop.Pace().seed)
    finetune.finetune(Network(model), mixed, None, loop.Pace(), work / name)
    _save(reader, model, work / name)


@app.command("distil")
def run_distil(
    data: Data,
    public: Public,
    work: Work = WORK,
    *,
    teacher: Name = "teacher",
    name: Name = "student",
    layer: Annotated[list[int], typer.Option(help="layers of the teacher to begin with")] = [1, 3, 5, 7, 9, 11],  # noqa: B006 - typer reads it once
    epochs: int = 4,
) -> None:
    """Teach a smaller network to answer as the teacher, on feedback without labels too."""
    reader, model = _load(work / teacher)
    knows = Network(model)
    finetune.restore(knows, work / teacher)
    student = finetune.student_of(knows, layer)
    pace = loop.Pace(encoder_rate=3e-4, by_layer=0.95)  # with every second layer gone there is more to mend
    mixed = mixture(list(corpus.read(data)), public, reader, Amounts(epochs), distil=True, seed=pace.seed)
    finetune.finetune(student, mixed, knows, pace, work / name)
    _save(reader, student.encoder, work / name)


@app.command("wide")
def fit_wide(data: Data, work: Work = WORK) -> None:
    """Train the hashed n-gram part beside the encoder; minutes."""
    wide.save(wide.fit(corpus.split(corpus.read(data))[0]), work)


@app.command("export")
def run_export(data: Data, version: Text, output: Folder, name: Name = "student", work: Work = WORK) -> None:
    """Write the model folder from the last checkpoint of the run NAME."""
    reader, model = _load(work / name)
    network = Network(model)
    finetune.restore(network, work / name)
    _training, development = corpus.split(corpus.read(data))
    export(network, wide.load(work), reader.tokenizer, development, Target(output, version))


@app.command("evaluate")
def run_evaluate(
    data: Data,
    output: Annotated[Path | None, typer.Option("--json", help="where all figures go")] = None,
    train: Annotated[list[Path] | None, typer.Option("--train", help="what the peers learn from; DATA itself")] = None,
    model: Annotated[Path, typer.Option(help="the model folder to judge")] = MODEL,
    *,
    work: Work = WORK,
    prefix: Annotated[str, typer.Option(help="only rows whose id begins so: R public texts, A authored ones")] = "",
    peers: Annotated[bool, typer.Option(help="libraries and baselines too, on the same rows")] = True,
    fold: Annotated[bool, typer.Option(help="only the development fold, that no training saw")] = False,
    by_class: Annotated[bool, typer.Option("--classes", help="print the figures of every class too")] = False,
) -> None:
    """Figures of our model and its peers on any labelled rows.

    Without --fold every row is judged, and the peers learn only from what --train names. A line that cannot be
    read is told with file and number and left out; the command then ends with 1.
    """
    examples, bad = read(data)
    learnt, unread = read(train) if train else (examples, [])
    bad += unread
    judged = [one for one in examples if one.doc.id.startswith(prefix) and (one.development or not fold)]
    for line in bad:
        typer.echo(line, err=True)
    if not judged:
        typer.echo("no row to judge", err=True)
        raise typer.Exit(2)
    try:
        judgement = evaluate.judge(judged, to_learn(learnt, judged), model, work / "base", peers=peers)
    except evaluate.EvaluationError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    tables = [table for section in report.SECTIONS if (table := section(judgement)).rows]
    classes = report.classes(judgement)
    for table in [*tables, classes] if by_class else tables:
        typer.echo(table.markdown() + "\n")
    if output:
        told = report.as_json(judgement, [*tables, classes], bad)
        output.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if bad:
        typer.echo(f"{len(bad)} lines could not be read", err=True)
        raise typer.Exit(1)


@app.command("embedding")
def run_embedding(data: Data, public: Public, model: Model = MODEL, work: Work = WORK, output: Output = None) -> None:
    """The sentence embedding on questions that no training saw, beside other encoders, and reviews' sign."""
    kept = embedding.KeptOut.read(public, held(list(corpus.read(data))))
    systems = embedding.systems(model, work / "base", kept)
    judges = (embedding.pairs_table, embedding.questions_table, embedding.accuracy_table)
    _tell([*(judge(kept, systems) for judge in judges), reviews.table(public, model)], output)


@app.command("deletion")
def run_deletion(data: Data, model: Model = MODEL, output: Output = None, most: int = 300) -> None:
    """Whether the evidence carries the labels, on the first MOST public texts of the development fold."""
    _training, development = corpus.split(corpus.read(data))
    docs = [example.doc for example in development if example.doc.id.startswith("R")][:most]
    _tell([deletion.table(nlp.load(model), docs)], output)


def _tell(tables: list[Table], output: Path | None) -> None:
    for table in tables:
        typer.echo(table.markdown() + "\n")
    if output:
        told = [table.json() for table in tables]
        output.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _load(folder: Path) -> tuple[Reader, BertModel]:
    """Dropout stays off: runs are short, and hidden pieces do its work for less."""
    config = BertConfig.from_pretrained(folder, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    model = BertModel.from_pretrained(folder, config=config, add_pooling_layer=False)
    return Reader(Tokenizer.from_file(str(folder / "tokenizer.json"))), model


def _save(reader: Reader, model: BertModel, folder: Path) -> None:
    model.save_pretrained(folder)
    reader.tokenizer.save(str(folder / "tokenizer.json"))


def _texts(path: Path) -> list[str]:
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [row.get("t") or row.get("text") or "" for row in rows]


if __name__ == "__main__":
    app()
