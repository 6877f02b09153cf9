"""Another encoder in place of ours: a local checkpoint of BERT shape in transformers format.

`adopt` brings it into the form that everything else expects: the frame's pieces first, in our order, our own tokens
behind the vocabulary, and a tokenizer without a frame (nlp.encoder adds it). Weights are moved, not changed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import torch
from tokenizers import AddedToken, BertWordPieceTokenizer, Tokenizer
from transformers import AutoConfig, BertModel

from nlp.encoder import WINDOW

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FRAME = (("[CLS]", "<s>"), ("[PAD]", "<pad>"), ("[SEP]", "</s>"), ("[UNK]", "<unk>"))  # in the order of our ids 0 … 3


def adopt(source: Path, folder: Path, own_tokens: Sequence[str]) -> int:
    """Write `source` to `folder` as an encoder of ours; the number of pieces. Raises ValueError for another shape."""
    config = AutoConfig.from_pretrained(source, local_files_only=True)
    if config.model_type != "bert" or config.hidden_act != "gelu" or config.max_position_embeddings < WINDOW:
        raise ValueError(f"{source.name} is no BERT with GELU and at least {WINDOW} positions")
    model = BertModel.from_pretrained(source, add_pooling_layer=False, local_files_only=True)
    told = _tokenizer(source)
    vocabulary = told["model"]["vocab"]
    pieces = [piece for piece, _ in sorted(vocabulary.items(), key=lambda item: item[1])]
    framing = [next((name for name in names if name in vocabulary), "") for names in FRAME]
    if not all(framing):
        raise ValueError(f"the vocabulary of {source.name} lacks one of {FRAME}")
    order = [*framing, *(piece for piece in pieces if piece not in framing)]
    rows = model.embeddings.word_embeddings.weight.data[[vocabulary[piece] for piece in order]]
    tokenizer = _reordered(told, {piece: number for number, piece in enumerate(order)})
    own = list(dict.fromkeys(own_tokens))
    added = [rows[tokenizer.encode(token).ids].mean(dim=0) for token in own]
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in own])
    model.resize_token_embeddings(len(order) + len(own), mean_resizing=False)
    model.embeddings.word_embeddings.weight.data = torch.cat([rows, torch.stack(added)])
    model.config.pad_token_id = 1
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return len(order) + len(own)


def _tokenizer(source: Path) -> dict[str, Any]:
    """The tokenizer as its JSON tells it, from `tokenizer.json` or a WordPiece `vocab.txt`."""
    whole, plain = source / "tokenizer.json", source / "vocab.txt"
    if whole.exists():
        told: dict[str, Any] = json.loads(whole.read_text(encoding="utf-8"))
    elif plain.exists():
        told = json.loads(BertWordPieceTokenizer(str(plain)).to_str())
    else:
        raise ValueError(f"{source.name} holds neither tokenizer.json nor vocab.txt")
    if told["model"]["type"] != "WordPiece":
        raise ValueError(f"the tokenizer of {source.name} is no WordPiece")
    return told


def _reordered(told: dict[str, Any], numbers: dict[str, int]) -> Tokenizer:
    """The same tokenizer with other piece numbers and nothing around a text."""
    told["model"]["vocab"] = numbers
    for token in told["added_tokens"]:
        token["id"] = numbers[token["content"]]
    told |= {"post_processor": None, "truncation": None, "padding": None}
    return Tokenizer.from_str(json.dumps(told))
