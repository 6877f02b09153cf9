"""What a masked piece was recognised by, told again from the piece itself for whoever reviews it."""

from __future__ import annotations

from enum import StrEnum

from stdnum.cn import uscc

from nlp import identifiers
from nlp.canonical import canonical
from nlp.identifiers import identity_card, luhn, old_identity_card
from nlp.normalize import normalize
from nlp.taxonomy import pii_title

_SHAPED = frozenset({"MOBILE", "MOBILE_SPACED", "MOBILE_SPOKEN", "LANDLINE", "EMAIL", "PASSPORT", "PLATE"})
_MODEL = frozenset({"NAME", "ADDRESS"})


class Proof(StrEnum):
    """The strongest reason there is."""

    CHECK = "check"  # a check digit, or a region and a date that can be
    SHAPE = "shape"  # the form of its kind
    CONTEXT = "context"  # the words around alone
    MODEL = "model"  # the model with the words around


def proof(kind: str, written: str) -> Proof:
    """Why `written` was taken for `kind`; what is not recognised alone was believed for the words around it."""
    if kind in _MODEL:
        return Proof.MODEL
    if kind in _SHAPED:
        alone = identifiers.find(normalize(written).text)  # no words around it
        return Proof.SHAPE if pii_title(kind) in {pii_title(one.kind) for one in alone} else Proof.CONTEXT
    form = canonical(written, kind)
    checked = (
        (kind.startswith("ID_CARD") and (identity_card(form) or old_identity_card(form)))
        or (kind.startswith("BANK_CARD") and form.isdigit() and luhn(form))
        or (kind == "USCC" and uscc.is_valid(form.upper()))
    )
    return Proof.CHECK if checked else Proof.CONTEXT
