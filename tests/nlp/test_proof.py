"""Why a piece is masked, as a reviewer reads it."""

from __future__ import annotations

import pytest

from nlp.proof import Proof, proof
from nlp.taxonomy import pii_kinds


@pytest.mark.parametrize(
    ("kind", "written", "why"),
    [
        ("ID_CARD", "11010519491231002X", Proof.CHECK),
        ("ID_CARD_SPOKEN", "幺幺零幺零五幺九四九幺二三幺零零二叉", Proof.CHECK),
        ("ID_CARD", "110105491231002", Proof.CHECK),
        ("ID_CARD", "110105194912310021", Proof.CONTEXT),
        ("BANK_CARD_SPACED", "6225 8885 8186 3140 870", Proof.CHECK),
        ("BANK_CARD", "6225888581863140871", Proof.CONTEXT),
        ("USCC", "91350100M000100Y43", Proof.CHECK),
        ("MOBILE_SPOKEN", "幺三八零零幺三八零零零", Proof.SHAPE),
        ("LANDLINE", "010-66551234", Proof.SHAPE),
        ("LANDLINE", "(010)66551234", Proof.SHAPE),
        ("LANDLINE", "+86 10 66551234", Proof.SHAPE),
        ("LANDLINE", "零五七幺 二三四三三二四七", Proof.SHAPE),
        ("LANDLINE", "66551234", Proof.CONTEXT),
        ("LANDLINE", "057123433247", Proof.CONTEXT),
        ("PASSPORT", "E12345678", Proof.SHAPE),
        ("PASSPORT", "H12345678", Proof.CONTEXT),
        ("PLATE", "京A12345", Proof.SHAPE),
        ("PLATE", "贵BHPPHR", Proof.CONTEXT),
        ("EMAIL", "abc艾特qq点com", Proof.SHAPE),
        ("MOBILE", "138 0013 8000", Proof.SHAPE),
        ("MOBILE_SPACED", "13 800 138000", Proof.CONTEXT),
        ("CARD_TAIL", "6416", Proof.CONTEXT),
        ("NAME", "谢伟", Proof.MODEL),
    ],
)
def test_the_strongest_reason_is_told(kind: str, written: str, why: Proof) -> None:
    assert proof(kind, written) is why


@pytest.mark.parametrize("kind", pii_kinds())
def test_every_kind_has_a_reason_for_any_text(kind: str) -> None:
    assert proof(kind, "错字") in Proof
