"""Words: jieba over the normalised text, with a banking dictionary and stop words as data."""

from __future__ import annotations

import logging
import re
from functools import cache
from typing import TYPE_CHECKING

import jieba

from nlp import taxonomy
from nlp.doc import Span
from nlp.normalize import normalize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nlp.doc import Doc

BANKING = "lexicons/banking.txt"
STOPWORDS = "lexicons/stopwords.txt"
_PLACEHOLDER = re.compile(r"(?P<ahead>[\u3400-\u9fff]{2,12}(?=\[地址))?\[[^\[\]]{1,12}\]")
_REGION = tuple("省市区县镇乡州旗盟")  # what masking leaves of an address: 湖北省武汉市武昌区[地址]
_FREQUENCY = 600  # of a banking word among jieba's 60 million: 三次年费 is 次 + 年费 and not 次年 + 费
_WORD = re.compile(r"(?=\d*[\u3400-\u9fffA-Za-z])[\u3400-\u9fffA-Za-z0-9]{2,}")
_NUMERAL = re.compile(r"[〇零一二两三四五六七八九十百千万亿第几半\d]+[\u3400-\u9fff]?")

logging.getLogger("jieba").setLevel(logging.WARNING)  # it tells stderr at every start how long its dictionary took


@cache
def _tokenizer() -> jieba.Tokenizer:
    """A tokenizer of our own, filled here.

    jieba's own set-up would keep a marshal file of a well-known name in the shared temporary folder and trust
    whatever lies there, and its module-level tokenizer is anybody's to change.
    """
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    for word in taxonomy.lines(BANKING):
        tokenizer.add_word(word, max(_FREQUENCY, tokenizer.FREQ.get(word) or 0))
    return tokenizer


@cache
def stopwords() -> frozenset[str]:
    """Words that say nothing about a topic."""
    return frozenset(taxonomy.lines(STOPWORDS))


def tokens(text: str) -> Iterator[tuple[str, int, int]]:
    """The words of a normalised text with their [start, end); blanks and punctuation are left out."""
    for word, start, end in _tokenizer().tokenize(text):
        if any(char.isalnum() for char in word):
            yield word, start, end


def bare(text: str) -> str:
    """A masked text with a line break for each placeholder, and for the regions before a masked address."""

    def ahead(found: re.Match[str]) -> str:
        words = [word for word, _, _ in tokens(found["ahead"] or "")]
        while words and words[-1].endswith(_REGION):
            if len(words.pop()) == 1 and words:
                words.pop()  # 武昌 and 区
        return "".join(words) + "\n"

    return _PLACEHOLDER.sub(ahead, text)


def terms(text: str) -> list[str]:
    """The words of a (masked) text that can name a topic, in order, Latin ones in lower case.

    Placeholders, the regions of masked addresses, stop words, numerals with their counters and single characters are
    left out.
    """
    plain = normalize(bare(text)).text
    words = (word.lower() for word, _, _ in tokens(plain))
    return [word for word in words if telling(word)]


def telling(word: str) -> bool:
    """False for stop words, numerals with their counters and single characters, which say nothing about a topic."""
    return bool(_WORD.fullmatch(word)) and word not in stopwords() and not _NUMERAL.fullmatch(word)


def known(word: str) -> bool:
    """True for a word of the dictionary; common names are words of it too."""
    return bool(_tokenizer().FREQ.get(word))


def named(word: str) -> bool:
    """True for a word that stands in the dictionary as the name of a person, some of them wrongly (谢谢)."""
    return word in _names()


@cache
def _names() -> frozenset[str]:
    """What jieba's dictionary tags as the name of a person (nr)."""
    with jieba.Tokenizer().get_dict_file() as lines:
        rows = (line.decode().split() for line in lines)
        return frozenset(row[0] for row in rows if row and row[-1].startswith("nr"))


class Segmenter:
    """Fills `words`: the spans of the words of every part, in original offsets, in order."""

    fills = "words"
    needs: tuple[str, ...] = ("normal",)

    def __init__(self) -> None:
        self.version = f"words1.jieba{jieba.__version__}.{taxonomy.digest(BANKING)}"

    def predict(self, docs: Sequence[Doc]) -> list[dict[int, tuple[Span, ...]]]:
        """One map from part number to its words per doc."""
        return [
            {
                part: tuple(Span(part, *normal.to_original(start, end)) for _, start, end in tokens(normal.text))
                for part, normal in doc.normal.items()
            }
            for doc in docs
        ]
