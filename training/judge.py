"""The commands that judge: the model beside its peers, its parts, the labels it learnt from, and its card."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import nlp
from training import (
    agreement,
    card,
    corpus,
    curve,
    deletion,
    drift,
    embedding,
    evaluate,
    folds,
    loop,
    masking,
    matters,
    noise,
    report,
    reviews,
    texts,
)
from training.mixture import held
from training.options import MODEL, SECOND, WORK, Data, Model, Output, Public, Work
from training.peers import ours
from training.peers.systems import OURS, SYSTEMS
from training.rows import read, to_learn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from training.evaluate import Judgement
    from training.table import Table

Prefix = Annotated[str, typer.Option(help="only rows whose id begins so: R public texts, A authored ones")]
Classes = Annotated[bool, typer.Option("--classes", help="print the figures of every class too")]

app = typer.Typer()


@app.command("evaluate")
def run_evaluate(
    data: Data,
    output: Annotated[Path | None, typer.Option("--json", help="where all figures go")] = None,
    train: Annotated[list[Path] | None, typer.Option("--train", help="what the peers learn from; DATA itself")] = None,
    model: Annotated[Path, typer.Option(help="the model folder to judge")] = MODEL,
    *,
    work: Work = WORK,
    prefix: Prefix = "",
    peers: Annotated[bool, typer.Option(help="libraries and baselines too, on the same rows")] = True,
    fold: Annotated[bool, typer.Option(help="only the development fold, that no training saw")] = False,
    by_class: Classes = False,
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
    names = tuple(SYSTEMS) if peers else (OURS,)
    with _told():
        judgement = evaluate.judge(judged, to_learn(learnt, judged), model, work / "base", names)
    _report(judgement, bad, output, by_class=by_class)
    if bad:
        typer.echo(f"{len(bad)} lines could not be read", err=True)
        raise typer.Exit(1)


@app.command("folds")
def run_folds(
    data: Data,
    work: Work = WORK,
    output: Output = None,
    *,
    prefix: Prefix = "",
    epochs: Annotated[int, typer.Option(help="how often each model reads the labelled rows")] = 1,
    by_class: Classes = False,
) -> None:
    """Figures of five models by a short recipe, each on the fold it did not learn from, beside the linear baseline.

    Hours; a killed run goes on. WORK holds the base encoder and keeps the models, fold0 to fold4, for another --prefix
    too; remove them where other rows, or changed code, should be learnt from.
    """
    with _told():
        judgement = folds.judge(list(corpus.read(data)), work, epochs, prefix)
    _report(judgement, [], output, by_class=by_class)


@contextmanager
def _told() -> Iterator[None]:
    """What the caller has to sort out, as a message and the exit code 2."""
    try:
        yield
    except (evaluate.EvaluationError, loop.OtherRunError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


def _report(judgement: Judgement, bad: list[str], output: Path | None, *, by_class: bool) -> None:
    tables = [table for section in report.SECTIONS if (table := section(judgement)).rows]
    classes = report.classes(judgement)
    for table in [*tables, classes] if by_class else tables:
        typer.echo(table.markdown() + "\n")
    if output:
        told = report.as_json(judgement, [*tables, classes], bad)
        output.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


@app.command("embedding")
def run_embedding(data: Data, public: Public, model: Model = MODEL, work: Work = WORK, output: Output = None) -> None:
    """The sentence embedding on questions and matters that no training saw, beside others, and reviews' sign."""
    examples = list(corpus.read(data))
    training, development = corpus.split(examples)
    kept = embedding.KeptOut.read(public, held(examples), frozenset(example.words_key for example in training))
    systems = embedding.systems(model, work / "base", kept.said())
    judges = (embedding.pairs_table, embedding.questions_table, embedding.accuracy_table)
    told = matters.judged(development, matters.read())
    tables = [matters.table(told, embedding.systems(model, work / "base", [said for said, _ in told]))] if told else []
    _tell([*(judge(kept, systems) for judge in judges), *tables, reviews.table(public, model)], output)


@app.command("deletion")
def run_deletion(data: Data, model: Model = MODEL, output: Output = None, most: int = 300) -> None:
    """Whether the evidence carries the labels, on the first MOST public texts of the development fold."""
    _training, development = corpus.split(corpus.read(data))
    docs = [example.doc for example in development if example.doc.id.startswith("R")][:most]
    _tell([deletion.table(nlp.load(model), docs)], output)


@app.command("masking")
def run_masking(
    data: Annotated[Path, typer.Option(help="JSON lines with `pii` or `text_pii`, made-up identifiers only")],
    model: Model = MODEL,
    output: Output = None,
    *,
    fold: Annotated[bool, typer.Option(help="only the development fold, that no training saw")] = False,
    show: Annotated[bool, typer.Option("--missed", help="print what was missed or wrongly masked")] = False,
) -> None:
    """How much of the personal data is found, beside the libraries that are installed."""
    rows = list(masking.read(data, fold=fold))
    if not rows:
        typer.echo("no row to judge", err=True)
        raise typer.Exit(2)
    pipeline = nlp.load(model)
    parts = masking.judge(rows, pipeline)
    if show:
        typer.echo("\n".join(masking.missed(parts)), err=True)
    tables = [masking.recall_table(parts), masking.precision_table(parts), masking.negatives_table(pipeline)]
    _tell(tables, output)


def _tell(tables: list[Table], output: Path | None) -> None:
    for table in tables:
        typer.echo(table.markdown() + "\n")
    if output:
        told = [table.json() for table in tables]
        output.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


@app.command("noise")
def run_noise(
    data: Data, output: Annotated[Path | None, typer.Option(help="JSON lines: the doubtful labels")] = None
) -> None:
    """Labels that a model which did not learn from them finds unlikely; a list for a reader, nothing is edited.

    Below them, stretches of rows in which a class is given far more or less often than their words let expect.
    """
    rows = list(corpus.read(data))
    read_apart = list(noise.readings(rows))
    found = list(noise.doubts(rows, read_apart))
    _tell([noise.table(rows, found), drift.table(list(drift.drifts(rows, read_apart)))], None)
    if output:
        lines = [json.dumps(asdict(doubt), ensure_ascii=False) + "\n" for doubt in found]
        output.write_text("".join(lines), encoding="utf-8")


@app.command("agreement")
def run_agreement(
    data: Data,
    second: Annotated[Path, typer.Option(help="the second reading, a line a text")] = SECOND,
    model: Model = MODEL,
    output: Output = None,
) -> None:
    """How far two readers of the development fold agree, and how the model does against each and both."""
    readings = {row["key"]: row["labels"] for row in texts.rows(second)}
    _training, development = corpus.split(corpus.read(data))
    rows = [row for row in development if row.key in readings]
    answers = ours.answers(list(nlp.load(model).run([row.doc for row in rows])))
    _tell([agreement.table(rows, readings, answers)], output)


@app.command("card")
def write_card(
    report: Annotated[list[Path], typer.Option(help="what a judging command wrote with --json")],
    output: Annotated[Path, typer.Option(help="where the card goes")],
    model: Model = MODEL,
) -> None:
    """Write the model card."""
    output.write_text(card.card(model, report), encoding="utf-8")


@app.command("curve")
def draw_curve(
    report: Annotated[list[Path], typer.Option(help="what `training evaluate` wrote with --json; several models")],
    output: Annotated[Path, typer.Option(help="where the picture goes")],
) -> None:
    """Draw how well each system reads over what it costs."""
    shown = curve.points(report)
    for point in shown:
        typer.echo(f"{point.name:20} {point.speed:9.1f} texts/s  {point.value:.3f}")
    curve.draw(shown, output)
