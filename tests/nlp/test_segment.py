"""Words of the banking trade stay whole, and only words that can name a topic become terms."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import jieba
import pytest

from nlp import segment, taxonomy
from nlp.doc import Doc
from nlp.normalize import Normalizer
from nlp.segment import Segmenter, terms


def words(text: str) -> list[str]:
    doc = Doc.of("1", text)
    [doc.normal] = Normalizer().predict([doc])
    [spans] = Segmenter().predict([doc])
    return [text[span.start : span.end] for span in spans[0]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("重定价日,大额存单到期", ["重定价日", "大额存单", "到期"]),
        ("非柜面交易被暂停", ["非柜面交易", "被", "暂停"]),
        ("手機銀行閃退", ["手機銀行", "閃退"]),
        ("ＥＴＣ\u200b扣费", ["ＥＴＣ", "扣费"]),
        ("", []),
    ],
)
def test_words_in_the_customers_own_spelling(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("您好，手机银行App升级后闪退，电话[手机号1]，谢谢", ["手机银行", "app", "升级", "闪退"]),
        ("扣了3次年费，一共三百块", ["年费"]),
        ("[姓名][银行卡号]", []),
        ("保单寄错，湖北省武汉市武昌区[地址1]，武汉市分行", ["保单", "寄错", "武汉市", "分行"]),
        ("信用卡寄错到武汉市[地址]", ["信用卡", "寄错"]),
        ("LPR 重定价日", ["lpr", "重定价日"]),
        ("我的", []),
    ],
)
def test_terms_for_topics(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


def test_lists_hold_hundreds_of_distinct_words() -> None:
    banking = taxonomy.lines(segment.BANKING)
    assert len(banking) == len(set(banking)) > 500
    assert not set(banking) & segment.stopwords()


def test_start_is_silent_leaves_no_cache_and_jiebas_own_tokenizer_alone(tmp_path: Path) -> None:
    code = (
        "import jieba; from nlp.segment import terms; terms('重定价日');"
        "assert not jieba.dt.initialized; assert jieba.dt.FREQ == {}"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"TMPDIR": str(tmp_path), "PYTHONPATH": str(Path(segment.__file__).parent.parent)},
        capture_output=True,
        check=True,
        text=True,
    )
    assert (done.stdout, done.stderr, list(tmp_path.iterdir())) == ("", "", [])
    assert jieba.__version__ in Segmenter().version
