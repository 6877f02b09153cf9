"""Any local BERT in transformers format can be the encoder: a small random one goes the whole way here."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

import nlp
from nlp.doc import Doc
from nlp.encoder import BOS, EOS, MARKERS, PAD, Reader
from nlp.heads import HEADS
from nlp.mask import placeholder
from nlp.taxonomy import pii_kinds, values
from training import corpus, finetune, loop, wide
from training.adopt import adopt
from training.export import Target, export
from training.items import items
from training.network import Network

OWN = [*MARKERS.values(), *map(placeholder, pii_kinds())]
VOCABULARY = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    *"我要投诉年费被扣两次请退回信用卡怎么办理谢很好",
    "ab",
    "##c",
]


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """As a bank may have one on its disks: config.json, model.safetensors, vocab.txt."""
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(VOCABULARY), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(tmp_path / "theirs")
    (tmp_path / "theirs" / "vocab.txt").write_text("\n".join(VOCABULARY), encoding="utf-8")
    return tmp_path / "theirs"


def test_pieces_keep_their_vectors_and_ours_are_added(checkpoint: Path, tmp_path: Path) -> None:
    before = BertModel.from_pretrained(checkpoint, add_pooling_layer=False).embeddings.word_embeddings.weight
    assert adopt(checkpoint, tmp_path / "ours", OWN) == len(VOCABULARY) + len(set(OWN))
    after = BertModel.from_pretrained(tmp_path / "ours", add_pooling_layer=False).embeddings.word_embeddings.weight
    tokenizer = Tokenizer.from_file(str(tmp_path / "ours" / "tokenizer.json"))
    for piece, number in (("[CLS]", BOS), ("[PAD]", PAD), ("[SEP]", EOS)):
        assert tokenizer.token_to_id(piece) == number
    for piece in VOCABULARY:
        torch.testing.assert_close(after[tokenizer.token_to_id(piece)], before[VOCABULARY.index(piece)])
    told = tokenizer.encode("年费[手机号]abc")
    assert told.tokens == ["年", "费", "[手机号]", "ab", "##c"]
    assert told.offsets[-1] == (9, 10)


def test_it_goes_the_whole_way_to_labels(checkpoint: Path, tmp_path: Path) -> None:
    adopt(checkpoint, tmp_path / "ours", OWN)
    rows = []
    for number in range(40):
        labels = {head: values(head)[number % 2] for head in HEADS[:-1]} | {"risk": [], "demand": ""}
        text = "谢谢很好" if number % 2 else "年费被扣两次请退回"
        rows.append({"id": f"A{number}", "text": text + "信用卡" * (number % 5), "labels": labels})
    examples = [corpus.example_of(row) for row in rows]
    reader = Reader(Tokenizer.from_file(str(tmp_path / "ours" / "tokenizer.json")))
    network = Network(BertModel.from_pretrained(tmp_path / "ours", add_pooling_layer=False))
    mixture = finetune.Mixture(items(examples, reader), [], None, 10)
    finetune.finetune(network, mixture, None, loop.Pace(encoder_rate=1e-3, head_rate=0.02), tmp_path / "run")
    export(network, wide.fit(examples), reader.tokenizer, examples, Target(tmp_path / "model", "mine"))
    docs = list(nlp.load(tmp_path / "model").run([Doc.of("1", "谢谢很好"), Doc.of("2", "年费被扣两次请退回")]))
    told = [doc.labels["intent"][0].name for doc in docs]
    assert told == [values("intent")[1], values("intent")[0]]
    assert all(np.isfinite(doc.labels["intent"][0].score) for doc in docs)


def test_another_shape_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    told = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
    (checkpoint / "config.json").write_text(json.dumps({**told, "hidden_act": "relu"}), encoding="utf-8")
    with pytest.raises(ValueError, match="no BERT with GELU"):
        adopt(checkpoint, tmp_path / "ours", OWN)
