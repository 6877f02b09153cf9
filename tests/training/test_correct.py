"""A bank's corrections: learnt on top of the model in use, kept beside it, refused when they would spoil it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

import nlp
from nlp import artifact
from nlp.doc import Doc
from training import __main__ as commands
from training import corpus, correct, loop
from training.export import Target
from training.stored import reader_of

if TYPE_CHECKING:
    from training.corpus import Example
    from training.items import Item

START = Path("data/model") / nlp.SHIPPED
SAID = "我想问一下贵行大厅的绿植是哪家公司养护的"


@pytest.fixture(scope="module")
def samples() -> list[Example]:
    """A few of the shipped ones: enough rows of the development fold to tell a ruined model."""
    return list(corpus.read([Path("data/samples/corpus.jsonl")]))[:400]


def corrections(path: Path, copies: int) -> Path:
    """The same text corrected in one head; the other heads are unknown."""
    row = {"turns": [{"role": "customer", "text": SAID}], "labels": {"intent": "praise"}}
    lines = [json.dumps({"id": f"C{number}", **row}, ensure_ascii=False) for number in range(copies)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def intent(model: Path) -> tuple[str, float]:
    (doc,) = nlp.load(model).run([Doc.of("1", SAID)])
    (label,) = doc.labels["intent"]
    return label.name, label.score


def ruin(start: Path, folder: Path, version: str) -> None:
    """A model whose intent head says the opposite of what it knows."""
    config, weights = artifact.load_config(start), artifact.load_weights(start)
    weights["head.intent.weight"] = -weights["head.intent.weight"]
    del config["sha256"]
    artifact.save(folder, weights, {**config, "version": version}, (start / artifact.TOKENIZER).read_text("utf-8"))


def finetune(folder: Path, samples: int) -> list[str]:
    """The command that learns one correction, from models/old to models/new, judged by so many samples."""
    few = folder / "samples.jsonl"
    lines = Path("data/samples/corpus.jsonl").read_text(encoding="utf-8").splitlines()[:samples]
    few.write_text("\n".join(lines), encoding="utf-8")
    asked = ["finetune", "--data", str(few), "--corrections", str(corrections(folder / "c.jsonl", 1))]
    return [*asked, "--from", str(folder / "models/old"), "--work", str(folder / "work"), "--version", "new"]


def test_what_was_corrected_is_learnt_and_the_old_model_stays(
    tmp_path: Path, samples: list[Example], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(correct, "EPOCHS", 6)
    monkeypatch.setattr(correct, "PACE", loop.Pace(encoder_rate=3e-4, head_rate=2e-2))
    assert intent(START)[0] != "praise"
    read = list(corpus.read([corrections(tmp_path / "c.jsonl", 8)]))
    target = Target(tmp_path / "new", "new")
    correct.correct(START, read, samples[:8], target, tmp_path / "work")
    assert intent(target.folder)[0] == "praise"
    assert artifact.load_config(target.folder)["version"] == "new"
    assert artifact.load_config(START)["version"] == nlp.SHIPPED


@pytest.mark.parametrize("greeting", ["您好", ""])
def test_of_a_long_call_the_customers_own_words_are_taught(
    tmp_path: Path, samples: list[Example], monkeypatch: pytest.MonkeyPatch, greeting: str
) -> None:
    """He complains after the first window; before it he says little or nothing."""
    complaint = "我要投诉你们乱扣年费"
    turns = [{"role": "agent", "text": "先为您介绍本行的理财产品。" * 60}, {"role": "customer", "text": complaint}]
    turns = [{"role": "customer", "text": greeting}, *turns] if greeting else turns
    (tmp_path / "c.jsonl").write_text(json.dumps({"id": "C1", "turns": turns, "labels": {"intent": "complaint"}}))
    taught: list[Item] = []
    monkeypatch.setattr("training.finetune.finetune", lambda _network, mixture, *_: taught.extend(mixture.labelled))
    monkeypatch.setattr(correct, "store", lambda *_: None)
    read = list(corpus.read([tmp_path / "c.jsonl"]))
    correct.correct(START, read, samples[:3], Target(tmp_path / "new", "new"), tmp_path / "work")
    pieces = reader_of(START).tokenizer
    said = [
        pieces.decode([one for one, judged in zip(item.ids, item.judged, strict=True) if judged]) for item in taught
    ]
    assert said[0] == complaint


def test_a_model_is_no_worse_than_itself_and_a_ruined_one_is(tmp_path: Path, samples: list[Example]) -> None:
    same = correct.compare(START, START, samples)
    assert {change.head for change in same} >= {"intent", "business", "risk", "demand"}
    assert not any(change.worse for change in same)
    ruin(START, tmp_path / "ruined", "ruined")
    assert [change.head for change in correct.compare(START, tmp_path / "ruined", samples) if change.worse] == [
        "intent"
    ]


def test_what_was_begun_with_other_corrections_is_not_gone_on_with(samples: list[Example]) -> None:
    digest = correct._digest
    assert digest("a", samples[:3]) == digest("a", samples[:3])
    assert len({digest("a", samples[:3]), digest("b", samples[:3]), digest("a", samples[:4])}) == 3


def test_few_corrections_are_heard_and_many_are_read_once(samples: list[Example]) -> None:
    assert len(correct._often(samples[:2], 400)) == 40
    assert len(correct._often(samples[:10], 300)) == 100
    assert len(correct._often(samples[:200], 300)) == 200


def test_a_model_that_reads_as_well_is_registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = tmp_path / "models"
    shutil.copytree(START, models / "old")

    def same(start: Path, _rows: object, _samples: object, target: Target, _work: Path) -> None:
        config = artifact.load_config(start)
        del config["sha256"]
        tokenizer = (start / artifact.TOKENIZER).read_text("utf-8")
        artifact.save(target.folder, artifact.load_weights(start), {**config, "version": target.version}, tokenizer)

    monkeypatch.setattr(correct, "correct", same)
    asked = finetune(tmp_path, 100)
    told = CliRunner().invoke(commands.app, asked)
    assert told.exit_code == 0, told.output
    assert "HUISHENG_MODEL=new" in told.output
    assert intent(models / "new") == intent(models / "old")


def test_the_command_refuses_a_worse_model_and_registers_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = tmp_path / "models"
    shutil.copytree(START, models / "old")

    def spoil(start: Path, _rows: object, _samples: object, target: Target, _work: Path) -> None:
        ruin(start, target.folder, target.version)

    monkeypatch.setattr(correct, "correct", spoil)
    asked = finetune(tmp_path, 400)
    told = CliRunner().invoke(commands.app, asked)
    assert told.exit_code == 1
    assert "intent" in told.output
    assert "refused: new" in told.output
    assert [folder.name for folder in models.iterdir()] == ["old"]
    again = CliRunner().invoke(commands.app, [*asked[:-1], "old"])
    assert again.exit_code == 2, "a version that is there is never written over"
