"""Any labelled file as rows to be judged on, and what the peers may learn from."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

from nlp.encoder import visible
from nlp.heads import CHOICE_HEADS, HEADS, RISK
from nlp.model import DEMAND
from nlp.taxonomy import values
from training.corpus import example_of, split
from training.peers.told import POLE, SIGN, UNKNOWN, Rows, pole, sign

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nlp.doc import Doc
    from training.corpus import Example

LABELS = (*HEADS, DEMAND)
TASKS = (*CHOICE_HEADS, SIGN, POLE)


def read(paths: Sequence[Path]) -> tuple[list[Example], list[str]]:
    """The rows that can be read, and `FILE, line N: why` for each that cannot.

    A row is a JSON object with `text` or `turns` and any of the label fields, under `labels` or beside the text.
    Without an `id` it is called by its line number. Raises OSError for a file that cannot be opened.
    """
    examples, bad = [], []
    for path in paths:
        with path.open("rb") as lines:  # a line that is not UTF-8 must not stop the others
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                try:
                    examples.append(example_of(_row(json.loads(line), str(number))))
                except (AttributeError, KeyError, TypeError, ValueError) as error:
                    bad.append(f"{path.name}, line {number}: {type(error).__name__} {error}")
    return examples, bad


def _row(told: object, number: str) -> dict[str, Any]:
    """As `training.corpus` takes it. Raises ValueError naming what is wrong with it."""
    if not isinstance(told, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - a line of a file, not an argument, is wrong
    labels = told["labels"] if "labels" in told else {name: told[name] for name in LABELS if name in told}
    if not isinstance(labels, dict) or not labels.keys() & {*LABELS}:
        raise ValueError("no label field")
    if not told.get("turns") and not isinstance(told.get("text"), str):
        raise ValueError("neither text nor turns")
    for head in CHOICE_HEADS:
        if head in labels and str(labels[head]) not in values(head):
            raise ValueError(f"{head} is not on the label list")  # its value may be a text out of its column
    return {**told, "id": str(told.get("id", number)), "labels": labels}


def gold(example: Example, task: str) -> int:
    """The index of the right answer, UNKNOWN where nobody said or the question does not arise."""
    if task in {SIGN, POLE}:
        sentiment = example.gold.get("sentiment", UNKNOWN)
        return UNKNOWN if sentiment == UNKNOWN else sign(sentiment) if task == SIGN else pole(sentiment)
    return example.gold.get(task, UNKNOWN)


def words(doc: Doc) -> str:
    """The customer's words as plain text: normalised and masked, a line per part."""
    judged = filter(doc.judged, doc.parts())
    return "\n".join(
        visible(doc.normal[part], [span for span in doc.identifiers if span.part == part])[0] for part in judged
    )


def to_learn(examples: Sequence[Example], judged: Sequence[Example], fold: int = 0) -> Rows:
    """The training part without any text that is judged, shuffled by a fixed seed."""
    held = {example.words_key for example in judged}
    left = [example for example in split(examples, fold)[0] if example.words_key not in held]
    random.Random(0).shuffle(left)  # noqa: S311 - a sample, not a secret
    return Rows(
        [words(example.doc) for example in left],
        {task: [gold(example, task) for example in left] for task in TASKS},
        [list(example.risks) if example.knows(RISK) and example.risks else None for example in left],
    )
