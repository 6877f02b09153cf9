"""Reading the packed weights: a small file of the same layout, made here, must come back value by value."""

from __future__ import annotations

import struct
from collections import Counter

import numpy as np
import pytest

from training.base import UNK, keep, read_packed, tokenizer_of

PIECES = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), ("年费", -3.0), ("年", -5.0)]


def packed(weights: np.ndarray) -> bytes:
    """A file with one 4-bit tensor `emb.word` (7, 32) and one float tensor."""
    head = b"E5S1" + struct.pack("<I7ifi", 1, 32, 0, 2, 64, 7, 4, 2, 1e-12, 32)
    text = "".join(piece for piece, _ in PIECES).encode()
    starts = np.cumsum([0, *(len(piece.encode()) for piece, _ in PIECES)]).astype("<u4")
    scores = np.array([score for _, score in PIECES], "<f4")
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, len(text)) + starts.tobytes() + scores.tobytes() + text
    head += struct.pack("<iI", 0, 0)
    scale = np.abs(weights).max(axis=1, keepdims=True).astype("<f2") / 7
    nibbles = (np.round(weights / scale.astype(np.float32)) + 8).astype(np.uint8)
    blocks = b"".join(
        s.astype("<f2").tobytes() + (row[:16] | row[16:] << 4).tobytes() for s, row in zip(scale, nibbles, strict=True)
    )
    bias = np.arange(4, dtype="<f4")
    names = [("emb.word", 1, weights.size, blocks), ("l0.q.b", 0, 4, bias.tobytes())]
    size = len(head) + 4 + sum(2 + len(name) + 21 for name, *_ in names)
    directory, data = struct.pack("<i", len(names)), b""
    for name, kind, elements, body in names:
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", kind, elements, size + len(data), len(body))
        data += body
    return head + directory + data


def test_weights_and_pieces_come_back() -> None:
    weights = np.random.default_rng(0).integers(-7, 8, (7, 32)).astype(np.float32)
    weights[:, 0] = 7  # so that the scale is 1 and rounding exact
    read = read_packed(packed(weights))
    np.testing.assert_allclose(read.weights["emb.word"], weights, rtol=1e-3)
    np.testing.assert_array_equal(read.weights["l0.q.b"], [0, 1, 2, 3])
    assert read.pieces == PIECES
    assert (read.heads, read.layers) == (2, 0)


def test_another_file_is_refused() -> None:
    with pytest.raises(ValueError, match="not an E5S1 file"):
        read_packed(b"PK\x03\x04" + bytes(100))


def test_the_tokenizer_prefers_the_likelier_pieces() -> None:
    assert tokenizer_of(PIECES).encode("年费年").tokens == ["▁", "年费", "年"]


def test_pieces_that_no_text_uses_are_dropped_but_never_characters_or_the_prefix() -> None:
    pieces = [*PIECES, ("銀行業", -9.0), ("▁que", -9.0), ("Ω", -9.0)]
    kept = [pieces[number][0] for number in keep(pieces, Counter({5: 2}))]
    assert kept == ["<s>", "<pad>", "</s>", "<unk>", "▁", "年费", "年", "▁que"]
    assert pieces.index(("<unk>", 0.0)) == UNK
