"""What the commands of `python -m training` take, said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import nlp
from nlp.taxonomy import DATA

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
LABELS = DATA / "labels" / "public.jsonl"
MATTERS = DATA / "labels" / "matters.jsonl"  # what the texts are about
SECOND = DATA / "labels" / "fold.jsonl"
