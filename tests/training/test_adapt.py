"""What is learnt without labels: which words are hidden, which questions are kept out, what counts as a pair."""

from __future__ import annotations

import json
import lzma
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from tokenizers import AddedToken
from transformers import BertConfig, BertModel
from typer.testing import CliRunner

from nlp.encoder import BOS, EOS, MARKERS, PAD, WINDOW, Reader
from nlp.mask import placeholder
from nlp.personal import TAGS
from nlp.taxonomy import pii_kinds
from training import contrast, mlm, sources, texts
from training.__main__ import app
from training.base import UNK, tokenizer_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CHARACTERS = "我要投诉年费被扣两次请退回信用卡怎么办理住在张伟上海市中山路号手机是"
PIECES = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), *((c, -3.0) for c in CHARACTERS)]


@pytest.fixture
def reader() -> Reader:
    """One piece a character."""
    tokenizer = tokenizer_of(PIECES)
    own = [*MARKERS.values(), *dict.fromkeys(map(placeholder, pii_kinds()))]
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in own])
    return Reader(tokenizer)


@pytest.fixture
def model(reader: Reader) -> BertModel:
    """A small encoder."""
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=reader.tokenizer.get_vocab_size(), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=260, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    return BertModel(config, add_pooling_layer=False)


def write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    with lzma.open(path, "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def test_a_text_is_read_with_the_pieces_of_its_words_together(reader: Reader) -> None:
    (text,) = texts.read(["我要投诉，年费被扣"], reader, frozenset())
    assert text.ids[0] == BOS
    assert text.ids[-1] == EOS
    words = ["".join(reader.tokenizer.id_to_token(text.ids[at]) or "" for at in word) for word in text.words]
    assert "投诉" in words
    assert "年费" in words


def test_held_and_empty_texts_are_left_out_whatever_their_spelling(reader: Reader) -> None:
    held = frozenset([texts.words_key_of("年费1次")])
    assert texts.read(["  ", "年费１次", "年费\n1次。"], reader, held) == []


def test_hidden_words_are_hidden_whole_and_about_one_piece_in_seven(reader: Reader) -> None:
    read = texts.read(["我要投诉年费被扣两次请退回信用卡年费"] * 200, reader, frozenset())
    shown, asked = mlm.hide(read, 40, np.random.default_rng(0))
    share = (asked != PAD).sum().item() / sum(len(text.ids) for text in read)
    assert 0.10 < share < 0.20
    for row, text in enumerate(read):
        for word in text.words:
            assert len({bool(asked[row, at] != PAD) for at in word}) == 1, "half a word was hidden"
    where = asked != PAD
    assert 0.7 < (shown[where] == UNK).float().mean().item() < 0.9
    assert (shown[~where] == torch.tensor([text.ids for text in read])[~where]).all()


def test_questions_of_one_component_fall_on_one_side(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl.xz"
    chains = [(f"问题{n}甲", f"问题{n}乙") for n in range(60)] + [(f"问题{n}乙", f"问题{n}丙") for n in range(60)]
    write(path, [{"set": "s", "a": left, "b": right, "label": 1} for left, right in chains])
    found = texts.pairs(path, frozenset([texts.words_key_of("问题0丙")]))
    assert len(found) == len(chains) - 1, "a pair with a held text is left out"
    side = {pair.left: pair.kept_out for pair in found} | {pair.right: pair.kept_out for pair in found}
    for number in range(1, 60):
        assert side[f"问题{number}甲"] == side[f"问题{number}丙"]
    assert 0 < sum(pair.kept_out for pair in found) < len(found) / 2


def test_words_that_stand_on_both_sides_are_neither_learnt_nor_judged(tmp_path: Path) -> None:
    """A full stop more is another text, so that one may be drawn for the figures and the other for training."""
    both = [f"问题{number}。" for number in range(100)]
    kept = next(text for text in both if not texts.part_of(text, texts.KEPT_OUT) and texts.part_of(text[:-1], 10))
    path = tmp_path / "pairs.jsonl.xz"
    sides = [(kept, "甲"), (kept[:-1], "乙"), ("甲", "丙"), ("乙", "丁")]
    write(path, [{"set": "s", "a": left, "b": right, "label": 1} for left, right in sides])
    found = {(pair.left, pair.right): pair.kept_out for pair in texts.pairs(path, frozenset())}
    assert found == {("甲", "丙"): True, ("乙", "丁"): False}


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.xz"])
def test_a_line_that_cannot_be_read_is_told_with_its_number(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    opener = lzma.open if path.suffix == ".xz" else open
    for bad in ('{"text": "很差"}'.encode("gbk"), b"[1]", b'""', b"[]", b"{"):
        with opener(path, "wb") as lines:
            lines.write(b'{"text": "x"}\n' + bad)
        with pytest.raises(ValueError, match=rf"{name}, line 2: "):
            list(texts.rows(path))
        asked = CliRunner().invoke(app, ["base", "--texts", str(path), "--work", str(tmp_path)])
        assert f"{name}, line 2: " in str(asked.exception)


def test_an_archive_that_ends_too_soon_is_told_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.xz"
    write(path, [{"text": f"第{number}行"} for number in range(2000)])
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match=r"rows\.jsonl\.xz, behind line \d+: "):
        list(texts.rows(path))


def test_phrasings_are_gathered_by_standard_question(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl.xz"
    same = {"set": "s", "category": "卡", "standard_question": "怎么办卡"}
    rows = [{**same, "question": text} for text in ("怎么办卡", "办卡", "办卡", "如何办卡")]
    write(
        path,
        [*rows, {**same, "standard_question": "销卡", "question": "销卡"}, {"set": "abc", "question": "没有标准问"}],
    )
    found = texts.standard_questions(path, frozenset([texts.words_key_of("如何办卡")]))
    assert found == {("s", "卡", "怎么办卡"): ["怎么办卡", "办卡"]}


def test_a_batch_of_questions_never_holds_two_of_the_same_standard() -> None:
    categories = [[[10 * c + 3 * s, 10 * c + 3 * s + 1] for s in range(3)] for c in range(20)]
    drawn = contrast.draw(categories, np.random.default_rng(0), contrast.QUESTIONS)
    assert len(drawn) == contrast.QUESTIONS
    assert len({min(pair) for pair in drawn}) == contrast.QUESTIONS
    assert all(abs(one - other) == 1 for one, other in drawn)


def test_embeddings_do_not_depend_on_the_texts_beside_them(reader: Reader, model: BertModel) -> None:
    rows = [text.ids for text in texts.read(["年费", "我要投诉年费被扣两次", "信用卡怎么办理"], reader, frozenset())]
    with torch.no_grad():
        together = contrast.embed(model, rows)
        for row, ids in enumerate(rows):
            torch.testing.assert_close(together[row], contrast.embed(model, [ids])[0])
    assert contrast.halves(rows[1], np.random.default_rng(0))[0][0] == BOS


def test_names_and_addresses_are_tagged_where_they_stand(reader: Reader, tmp_path: Path) -> None:
    write(
        tmp_path / "ner_cluener.jsonl.xz",
        [
            {"text": "张伟要投诉", "label": {"name": {"张伟": [[0, 1]]}}},
            {"text": "上海年费", "label": {"address": {"上海": [[0, 1]]}}},
        ],
    )
    write(tmp_path / "addresses.jsonl.xz", [{"chars": "上海市中山路", "tags": []}])
    (named,) = sources.names(tmp_path, reader, 10, 0)
    pieces = [reader.tokenizer.id_to_token(piece) for piece in named.ids]
    told = {piece: TAGS[tag] for piece, tag in zip(pieces, named.tags or [], strict=True)}
    assert (told["伟"], told["要"], told["诉"]) == ("I-NAME", "O", "O")
    (placed,) = sources.addresses(tmp_path, reader, ["我要投诉，年费被扣，"], 10, 0)
    tags = [TAGS[tag] for tag in placed.tags or []]
    assert tags.count("B-ADDRESS") == 1
    assert tags.count("B-ADDRESS") + tags.count("I-ADDRESS") in {len("上海市中山路"), len("▁上海市中山路")}
    assert not placed.feedback


def test_reviews_say_only_whether_the_writer_was_satisfied_and_none_of_the_judged_ones(
    reader: Reader, tmp_path: Path
) -> None:
    judged = {"set": "chnsenticorp_dev", "text": "年费", "label": 1}
    kept = next(text for n in range(1, 99) if not texts.part_of(text := "年费" + "，" * n + "两次", texts.KEPT_OUT))
    rows = [judged, {**judged, "set": "chnsenticorp"}, {"set": "chnsenticorp", "text": "我要投诉" * 200, "label": 0}]
    rows += [{**judged, "set": "waimai", "text": kept}, {**judged, "set": "chnsenticorp", "text": "年费，两次！"}]
    write(tmp_path / "sentiment_reviews.jsonl.xz", rows)
    (review,) = sources.reviews(tmp_path, reader, frozenset(), 10, 0)
    assert review.satisfied is False
    assert len(review.ids) == WINDOW, "to the end of a window: a verdict often comes late"
    assert review.gold == {}
    assert not review.feedback
