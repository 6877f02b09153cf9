"""A coverage-guided search for a text on which masking breaks its promises: `make fuzz` (atheris, libFuzzer).

Bytes become a text piece by piece, so that a mutation moves a word or a digit; branches of the recognisers guide it.
"""

from __future__ import annotations

import sys

import atheris
import numpy as np

with atheris.instrument_imports(include=["nlp"]):
    from nlp.normalize import normalize
    from tests.nlp.roundtrip import check_roundtrip

WORDS = """
嗯 那个 三个八 两个零 我叫 王伟 欧阳娜娜 先生 身份证 卡号 尾号 手机 电话 微信 验证码 密码是
订单号 工单 户名 账号 邮箱 艾特 点com QQ 护照 车牌 京A 粤B
幸福路23号 3栋2单元 502室 杭州市西湖区 省 市 区
[手机号] [姓名1] ○ １３８ ① 𠮷 👍🏽 138 62 4 11010 1990 95588 12378 +86 0571 91 E G a Z ﬁ ｅ e\u0301
"""
PIECES = [
    *"0123456789Xx幺零一二三四五六七八九叉拐洞壹〇",
    *" -.，,。；;：:()（）@+\n\u200b\u3000元块万年月日号",
    *WORDS.split(),
]
RAW = 240  # from this byte on two more bytes are a code point


def text_of(data: bytes) -> str:
    """A text for some bytes."""
    pieces: list[str] = []
    values = iter(data)
    for value in values:
        if value < RAW:
            pieces.append(PIECES[value % len(PIECES)])
        else:
            code = next(values, 0) << 8 | next(values, 0)
            pieces.append(chr(code) if not 0xD800 <= code < 0xE000 else "?")
    return "".join(pieces)


def once(data: bytes) -> None:
    """One try; the first bytes say how sure a model is, the rest is the text."""
    text = text_of(data[4:])
    size = len(normalize(text).text)
    likely = np.resize(np.frombuffer(data[:4].ljust(4, b"\0"), np.uint8), size)
    check_roundtrip(text, likely.astype(np.float32) / np.float32(255))


if __name__ == "__main__":
    atheris.Setup(sys.argv, once)
    atheris.Fuzz()
