"""The commands that train: from public weights and labelled rows to the model folder that ships."""

from __future__ import annotations

import json
import random
import shutil
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nlp.artifact import TOKENIZER
from nlp.encoder import MARKERS
from nlp.heads import HEADS
from nlp.mask import placeholder
from nlp.model import DEMAND
from nlp.normalize import normalize
from nlp.taxonomy import pii_kinds
from training import adapt, base, contrast, corpus, correct, finetune, loop, stored, wide
from training.adopt import adopt
from training.export import Target, export
from training.join import join
from training.mixture import Amounts, held, mixture
from training.network import Network
from training.options import LABELS, MODEL, WORK, Data, Folder, Name, Public, Text, Work
from training.texts import read_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from training.corpus import Example

app = typer.Typer()


@app.command("base")
def build_base(
    texts: Annotated[list[Path] | None, typer.Option("--texts", help="JSON lines with `t` or `text`, or .xz")] = None,
    work: Work = WORK,
    sample: Annotated[int, typer.Option(help="texts that decide the vocabulary")] = 60_000,
    source: Annotated[Path | None, typer.Option("--from", help="a local BERT in transformers format instead")] = None,
) -> None:
    """Read the public weights, prune the vocabulary to what the texts use, write a transformers folder.

    With --from the encoder is a checkpoint of your own, its vocabulary whole.
    """
    tokens = [*MARKERS.values(), *map(placeholder, pii_kinds())]
    if source:
        typer.echo(json.dumps({"pieces": adopt(source, work / "base", tokens)}))
        return
    if not texts:
        raise typer.BadParameter("--texts or --from is needed")
    rows = [text for path in texts for text in read_lines(path, _text)]
    random.Random(0).shuffle(rows)  # noqa: S311 - a sample, not a secret
    figures = base.build(work / "base", [normalize(text).text for text in rows[:sample]], tokens)
    typer.echo(json.dumps(figures))


@app.command("join")
def run_join(
    public: Public,
    output: Annotated[Path, typer.Option(help="where the labelled rows go, to be given as --data; do not ship them")],
    labels: Annotated[Path, typer.Option(help="the labels, a line a text")] = LABELS,
) -> None:
    """Put the labels that were read for this project beside their texts, which are in the public sets."""
    rows, missing = join(labels, public)
    output.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    typer.echo(f"{len(rows)} rows; {missing} labels found no text")


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
    reader, model = base.load(work / "base")
    out = held(_with_fold(data))
    feedback = adapt.feedback(public, reader, out, adapt.TEXTS * steps, pace.seed)
    asked = adapt.questions(public, reader, out, feedback=feedback, pairs=contrast.PAIRS * steps, seed=pace.seed)
    comparison = contrast.Comparison(asked) if compare else None
    adapter = adapt.Adapter(model, feedback if words else [], comparison, pace.seed)
    with _told():
        adapt.adapt(adapter, steps, pace, work / name)
    base.save(reader, model, work / name)


@app.command("finetune")
def run_finetune(
    data: Data,
    public: Annotated[Path | None, typer.Option(help="folder of the public sets")] = None,
    work: Work = WORK,
    *,
    encoder: Name = "adapted",
    name: Name = "teacher",
    epochs: int = 3,
    corrections: Annotated[Path | None, typer.Option(help="what `huisheng corrections export` wrote")] = None,
    start: Annotated[Path, typer.Option("--from", help="with --corrections: the model to go on from")] = MODEL,
    version: Annotated[str, typer.Option(help="with --corrections: what the new model is called")] = "",
) -> None:
    """Train encoder and heads on labels and public sets; started again, it goes on from the last checkpoint.

    With --corrections a finished model learns on instead: from them and from DATA, which for a bank is the shipped
    samples. The new version is written beside the old one, or refused when it reads the samples' development fold
    worse.
    """
    rows = _with_fold(data)
    if corrections:
        _correct(corrections, rows, start, version, work)
        return
    if not public:
        raise typer.BadParameter("--public is needed without --corrections")
    reader, model = base.load(work / encoder)
    mixed = mixture(rows, public, reader, Amounts(epochs), distil=False, seed=loop.Pace().seed)
    network = Network(model)
    with _told():
        finetune.finetune(network, mixed, None, loop.Pace(), work / name)
    base.save(reader, model, work / name)


def _correct(corrections: Path, samples: list[Example], start: Path, version: str, work: Path) -> None:
    target = Target(start.parent / version, version)
    if not version or target.folder.exists():
        there = ", ".join(sorted(folder.name for folder in start.parent.iterdir() if folder.is_dir()))
        raise typer.BadParameter(f"--version must be a new name; there are {there}")
    aside = Target(work / version / "model", version)
    correct.correct(start, list(corpus.read([corrections])), samples, aside, work / version)
    changes = correct.compare(start, aside.folder, samples)
    for change in changes:
        mark = "  worse" if change.worse else ""
        typer.echo(f"{change.head:16} {change.before:.3f} -> {change.after:.3f}{mark}")
    if any(change.worse for change in changes):
        typer.echo(
            f"refused: {version} reads the samples worse than {start.name}; it was kept in {aside.folder}", err=True
        )
        raise typer.Exit(1)
    shutil.move(aside.folder, target.folder)
    typer.echo(f"registered: {target.folder}; to use it set HUISHENG_MODEL={version}")


@app.command("distil")
def run_distil(
    data: Data,
    public: Public,
    work: Work = WORK,
    *,
    teacher: Name = "teacher",
    name: Name = "student",
    start: Annotated[Path | None, typer.Option("--from", help="a finished model as the teacher, not a run")] = None,
    layer: Annotated[list[int], typer.Option(help="layers of the teacher to begin with")] = [1, 3, 5, 7, 9, 11],  # noqa: B006 - typer reads it once
    epochs: int = 4,
    rate: Annotated[float, typer.Option(help="at which the encoder's top layer learns")] = 3e-4,
    learn_on: Annotated[
        bool, typer.Option("--learn-on", help="what is known of a text is learnt without the teacher: it may be new")
    ] = False,
) -> None:
    """Teach a smaller network to answer as the teacher, on feedback without labels too.

    With --from, all layers and --learn-on a finished model learns new labels and forgets little of the rest; less at a
    lower --rate.
    """
    pace = loop.Pace(encoder_rate=rate, by_layer=0.95)  # with every second layer gone there is more to mend
    if start:
        reader, knows = stored.reader_of(start), stored.network_of(start)
    else:
        reader, model = base.load(work / teacher)
        knows = Network(model)
        finetune.restore(knows, work / teacher)
    if max(layer) >= (there := knows.encoder.config.num_hidden_layers):
        raise typer.BadParameter(f"--layer {max(layer)}: the teacher has {there} layers, counted from 0")
    mixed = mixture(_with_fold(data), public, reader, Amounts(epochs), distil=True, seed=pace.seed)
    mixed = replace(mixed, on_told=not learn_on)
    if start:
        stored.unfold(knows, mixed.labelled)
    student = finetune.student_of(knows, layer)
    with _told():
        finetune.finetune(student, mixed, knows, pace, work / name)
    base.save(reader, student.encoder, work / name)


@app.command("wide")
def fit_wide(data: Data, work: Work = WORK) -> None:
    """Train the hashed n-gram part beside the encoder; minutes."""
    training, _development = corpus.split(_with_fold(data))
    _all_told(training, HEADS)
    wide.save(wide.fit(training), work)


@app.command("export")
def run_export(
    data: Data,
    version: Text,
    output: Folder,
    names: Annotated[
        list[str],
        typer.Option("--name", help="folder of a run in WORK; of several that went on from one another the mean"),
    ] = ["student"],  # noqa: B006 - typer reads it once
    work: Work = WORK,
) -> None:
    """Write the model folder from the last checkpoint of a run, or from the mean of several."""
    _training, development = corpus.split(_with_fold(data))
    _all_told(development, (*HEADS, DEMAND))
    reader, model = base.load(work / names[0])
    if len({(work / name / TOKENIZER).read_bytes() for name in names}) > 1:
        raise typer.BadParameter("--name: these runs do not read with the same vocabulary, they have no mean")
    network = Network(model)
    finetune.restore(network, *(work / name for name in names))
    export(network, wide.load(work), reader.tokenizer, development, Target(output, version))


@contextmanager
def _told() -> Iterator[None]:
    """A folder that holds another run is the caller's to sort out."""
    try:
        yield
    except loop.OtherRunError as error:
        raise typer.BadParameter(str(error)) from error


def _with_fold(data: Data) -> list[Example]:
    """The labelled rows, some of which must be kept for development: nothing could be calibrated or refused else."""
    rows = list(corpus.read(data))
    if not corpus.split(rows)[1]:
        raise typer.BadParameter("no row of --data falls into the development fold (training/corpus.py tells which do)")
    return rows


def _all_told(rows: list[Example], heads: tuple[str, ...]) -> None:
    if untold := [head for head in heads if not any(row.knows(head) for row in rows)]:
        raise typer.BadParameter(f"no row of --data that could teach or judge it says what {', '.join(untold)} is")


def _text(row: dict[str, Any]) -> str:
    return row.get("t") or row.get("text") or ""
