"""What the full text search holds of a text, and what it looks for: words of the dictionary, else what stands there.

A word that jieba's dictionary knows is found as a word: 不满 is not found in 没什么不满意. Whatever else a
person types (a product's name, a code, a quoted phrase) is found as it is written. To find that without reading every
text, the index also holds the pairs of neighbouring characters that are no words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from nlp import taxonomy
from nlp.normalize import NormalText, normalize
from nlp.segment import known, telling, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MOST_CHARS = 50_000  # of one feedback: four hours of talk; what comes after is not searched
MOST_KEYS = 40_000  # a tsvector must stay below 1 MB
MOST_PAIRS = 20  # of one phrase, enough to be alone
OPEN, CLOSE = "\ue000", "\ue001"  # around the kind of a placeholder: nobody finds [手机号] by typing 手机号
_HAN = "\u3400-\u9fff"
_PLAIN = re.compile(rf"[{_HAN}a-z0-9]+")
_RUN = re.compile(rf"[{_HAN}]+|[a-z0-9]+|{OPEN}[A-Z]+{CLOSE}")
_HAN_RUN = re.compile(rf"[{_HAN}]+")
_PAIR = re.compile(rf"p[{_HAN}]{{2}}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # line breaks too: a phrase may run over one
_LONGEST_RUN = 40  # of letters and digits
_PLACEHOLDER = re.compile(r"\[([^\[\]0-9]{1,12})[0-9]*\]")
_LITTLE = frozenset("的了吗呢吧啊呀嘛我你您他她它在是和与就都也很着过把被给")  # say nothing beside other words

Keys = tuple[tuple[str, ...], ...]
"""Of each of these groups the index must hold one."""


@dataclass(frozen=True, slots=True)
class Sought:
    """One thing that a text must hold: `keys` narrow by the index, and unless `word`, `literal` must stand in it.

    `literal` is as in `plain`, `shown` as people see it.
    """

    literal: str
    shown: str
    word: bool
    keys: Keys


def plain(text: str) -> str:
    """The text as it is searched: one script, one width, lower case, placeholders apart from what people say."""
    return _PLACEHOLDER.sub(_apart, _lower(_normal(text).text))


def keys_of(plain_text: str) -> list[str]:
    """What the index holds of a plain text, in order, each once; no blanks in any."""
    found: set[str] = set()
    pairs: set[str] = set()
    for run in _RUN.findall(plain_text):
        if _HAN_RUN.fullmatch(run):
            found.update(_words(run))
            pairs.update(_pairs(run))
        elif len(run) <= _LONGEST_RUN:
            found.add(run.lower().strip(CLOSE))
    found.update(f"p{pair}" for pair in pairs - found)
    return sorted(found)[:MOST_KEYS]


def words_among(keys: Iterable[str]) -> list[str]:
    """Those of the index's keys that are words which can tell something of a topic, in their order."""
    return [key for key in keys if not _PAIR.fullmatch(key) and telling(key)]


def finds(word: str) -> bool:
    """True where a search for the word finds the texts whose keys hold it, and no others."""
    return sought(word) == [Sought(word, word, word=True, keys=((word,),))]


def sought(chunk: str, *, exactly: bool = False) -> list[Sought]:
    """What a chunk without blanks, or a phrase that is meant `exactly`, asks for; empty where it says nothing."""
    shown = _lower(_normal(chunk).text).strip()
    text = plain(shown)
    if not any(char.isalnum() for char in text):
        return []
    if exactly or not _PLAIN.fullmatch(text):
        return [_literal(text, shown)]
    return [one for run in _RUN.findall(text) for one in _of_run(run)]


def places(text: str, wanted: Sequence[Sought]) -> list[tuple[int, int]]:
    """Where the text holds what was sought, as ordered, separate [start, end) into it; not within placeholders."""
    normal = _normal(text)
    lower = _lower(normal.text)
    holes = [match.span() for match in _PLACEHOLDER.finditer(lower) if _apart(match) != match[0]]
    hits = sorted(span for one in wanted for span in _hits(lower, one, holes))
    joined: list[tuple[int, int]] = []
    for start, end in hits:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return [normal.to_original(start, end) for start, end in joined]


def _hits(lower: str, one: Sought, holes: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    at = lower.find(one.shown)
    while at >= 0:
        end = at + len(one.shown)
        if OPEN in one.literal or not any(at < right and left < end for left, right in holes):
            yield at, end
        at = lower.find(one.shown, end)


def _of_run(run: str) -> Iterator[Sought]:
    """Words of the dictionary as words; what stands between them as it is written."""
    if not _HAN_RUN.fullmatch(run):
        yield Sought(run, run, word=len(run) <= _LONGEST_RUN, keys=_edge(run))
        return
    words = [word for word, _, _ in tokens(run)]
    if len(words) > 1 and not _LITTLE.issuperset(run):
        words = [word if word not in _LITTLE else " " for word in words]
    for stretch in _stretches(words):
        if _is_word(stretch):
            yield Sought(stretch, stretch, word=True, keys=((stretch,),))
        else:
            yield _literal(stretch, stretch)


def _stretches(words: Sequence[str]) -> Iterator[str]:
    """Each word of the dictionary, and what is between them; a single character goes with the word after it: 不满意."""
    before = ""
    for word in [*words, " "]:
        if word != " " and (not _is_word(word) or len(before) == 1):
            before += word
            continue
        if before:
            yield before
        before = ""
        if word != " ":
            yield word


def _literal(text: str, shown: str) -> Sought:
    runs = list(_RUN.finditer(text))
    keys: list[tuple[str, ...]] = [
        (pair, f"p{pair}") for run in runs if _HAN_RUN.fullmatch(run[0]) for pair in _pairs(run[0])
    ]
    # letters and digits at the edge of what was typed may be a part of more
    inner = [run[0] for run in runs if run[0][0] == OPEN or (run.start() > 0 and run.end() < len(text))]
    keys += [key for run in inner if not _HAN_RUN.fullmatch(run) for key in _edge(run)]
    return Sought(text, shown, word=False, keys=tuple(keys[:MOST_PAIRS]))


def _edge(run: str) -> Keys:
    return ((run.lower().strip(CLOSE),),) if len(run) <= _LONGEST_RUN else ()


def _words(run: str) -> Iterator[str]:
    """The words of the dictionary in a run, and those within longer ones: 信用卡 in 信用卡中心."""
    for token, _, _ in tokens(run):
        for start in range(len(token) - 1):
            for end in range(start + 2, len(token) + 1):
                if known(token[start:end]):
                    yield token[start:end]


def _pairs(run: str) -> list[str]:
    return [first + second for first, second in pairwise(run)]


def _is_word(text: str) -> bool:
    return len(text) > 1 and known(text)


def _normal(text: str) -> NormalText:
    """Normalised with control characters as blanks, before runs of blanks become one."""
    return normalize(_CONTROL.sub(" ", text))


def _lower(text: str) -> str:
    """Lower case, character by character, so that places stay."""
    return "".join(low if len(low := char.lower()) == 1 else char for char in text)


def _apart(match: re.Match[str]) -> str:
    kind = _kinds().get(match[1])
    return f"{OPEN}{kind}{CLOSE}" if kind else match[0]


@cache
def _kinds() -> dict[str, str]:
    """The title in a placeholder to one word for it: kinds that share a title are one to people."""
    return {taxonomy.pii_title(kind).lower(): kind.replace("_", "") for kind in taxonomy.pii_kinds()}
