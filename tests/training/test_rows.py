"""Any labelled file can be judged on: what is read, what is told of the rest, what peers may see."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nlp.taxonomy import values
from training import corpus
from training.peers.told import POLE, SIGN, UNKNOWN
from training.rows import gold, read, to_learn, words


def write(folder: Path, *lines: object, name: str = "rows.jsonl") -> Path:
    path = folder / name
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), encoding="utf-8")
    return path


def row(text: str, id: str = "R1", **labels: object) -> dict[str, Any]:  # noqa: A002 - the field's own name
    return {"id": id, "text": text, "labels": labels}


def test_any_subset_of_the_labels_will_do_beside_the_text_or_under_labels(tmp_path: Path) -> None:
    plain = {"text": "排队两小时", "intent": "complaint", "sentiment": -1}
    (one, other), bad = read([write(tmp_path, plain, row("谢谢", intent="praise"))])
    assert bad == []
    assert one.gold == {"intent": values("intent").index("complaint"), "sentiment": values("sentiment").index("-1")}
    assert not one.knows("risk")
    assert not one.knows("demand")
    assert one.doc.id == "1", "without an id a row is called by its line"
    assert other.gold == {"intent": values("intent").index("praise")}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"id": broken', "JSONDecodeError"),
        ("[1, 2]", "not a JSON object"),
        ({"id": "R1", "text": "好"}, "no label field"),
        ({"id": "R1", "labels": {"intent": "praise"}}, "neither text nor turns"),
        (row("好", intent="joy"), "intent is not on the label list"),
        (row("好", sentiment=3), "sentiment is not on the label list"),
        (row("好", risk=["rain"]), "risk is not on the label list"),
        (row("好", risk=None), "TypeError"),
        ({"id": "R1", "text": "好", "labels": ["praise"]}, "no label field"),
        (
            {"turns": [{"role": "客户", "text": "好"}], "intent": "praise"},
            "role is none of customer, agent, bot",
        ),
        ('{"text": "\\ud800", "intent": "praise"}', "UnicodeEncodeError"),
    ],
)
def test_a_bad_line_is_told_with_its_number_and_does_not_stop_the_rest(tmp_path: Path, line: object, why: str) -> None:
    good = row("很好", intent="praise")
    examples, (told,) = read([write(tmp_path, good, "", line, good)])
    assert len(examples) == 2
    assert told.startswith("rows.jsonl, line 3: ")
    assert why in told


def test_a_training_row_is_called_by_a_text_or_a_number() -> None:
    assert corpus.example_of({"id": 7, "text": "好", "labels": {}}).doc.id == "7"
    for name in (["R1"], None):
        with pytest.raises(ValueError, match="id is neither text nor number"):
            corpus.example_of({"id": name, "text": "好", "labels": {}})


def test_a_demand_that_is_no_words_of_the_customer_is_unknown(tmp_path: Path) -> None:
    """As `none` it would teach, and count, what nobody said."""
    turns = [{"role": "agent", "text": "要退年费吗"}, {"role": "customer", "text": "请退还年费"}]
    told = [row("请退还年费", demand=demand) for demand in ("退还年费", "", "退年费")]
    told += [{"turns": turns, "labels": {"demand": demand}} for demand in ("退还年费", "要退年费")]
    examples, bad = read([write(tmp_path, *told)])
    assert bad == []
    assert [(one.demand_known, one.demand is not None) for one in examples] == [
        (True, True),
        (True, False),
        (False, False),
        (True, True),
        (False, False),
    ]


@pytest.mark.parametrize("empty", [[], None])
def test_no_turns_beside_a_text_are_no_turns(tmp_path: Path, empty: object) -> None:
    (one,), bad = read([write(tmp_path, row("排队太久", intent="complaint") | {"turns": empty, "text_pii": None})])
    assert (bad, one.doc.part(0)) == ([], "排队太久")


def test_bytes_that_are_not_utf8_are_a_bad_line_too(tmp_path: Path) -> None:
    path = write(tmp_path, row("很好", intent="praise"))
    path.write_bytes(b'{"text": "\xb2\xee", "intent": "praise"}\n' + path.read_bytes())
    examples, (told,) = read([path])
    assert len(examples) == 1
    assert "line 1: UnicodeDecodeError" in told


def test_what_training_cannot_read_is_told_with_file_and_line(tmp_path: Path) -> None:
    good = json.dumps(row("很好", intent="praise")).encode() + b"\n"
    odd = json.dumps({"id": "R2", "turns": [{"role": "user", "text": "手续费"}], "labels": {}}, ensure_ascii=False)
    gbk = json.dumps(row("手续费", intent="complaint"), ensure_ascii=False).encode("gbk")
    for bad, why in ((odd.encode(), "role"), (gbk, "UnicodeDecodeError"), (b"[]", "TypeError|AttributeError")):
        (tmp_path / "bad.jsonl").write_bytes(good + bad)
        with pytest.raises(ValueError, match=rf"^bad\.jsonl, line 2: .*({why})") as told:
            list(corpus.read([tmp_path / "bad.jsonl"]))
        assert "手续费" not in str(told.value)


def test_peers_see_the_customers_words_masked(tmp_path: Path) -> None:
    turns = [
        {"role": "agent", "text": "请问您的电话？"},
        {"role": "customer", "text": "13800138000，快點處理"},
        {"role": "customer", "text": "多谢"},
    ]
    ((example,), _) = read([write(tmp_path, {"turns": turns, "intent": "request"})])
    assert words(example.doc) == "[手机号],快点处理\n多谢"


def test_sentiment_is_asked_in_three_ways_and_in_two(tmp_path: Path) -> None:
    examples, _ = read(
        [write(tmp_path, *(row("好", sentiment=told) for told in (-2, -1, 0, 1, 2)), row("好", risk=[]))]
    )
    assert [gold(one, SIGN) for one in examples] == [0, 0, 1, 2, 2, UNKNOWN]
    assert [gold(one, POLE) for one in examples] == [0, 0, UNKNOWN, 1, 1, UNKNOWN]


def test_no_judged_text_is_learnt_from_in_whatever_form(tmp_path: Path) -> None:
    judged, _ = read([write(tmp_path, row("手续费太高ABC", "X1", intent="complaint"))])
    others = [
        row("手續費太高ＡＢＣ", "S00001", intent="complaint"),
        row("手续费\n太高 ABC！", "S00003", intent="complaint"),
        row("利息太高", "S00002", intent="complaint", risk=["legal"]),
    ]
    learnt = to_learn(read([write(tmp_path, *others)])[0], judged)
    assert learnt.texts == ["利息太高"]
    assert learnt.gold["intent"] == [values("intent").index("complaint")]
    assert learnt.gold["cause"] == [UNKNOWN]
    assert learnt.risks == [[int(name == "legal") for name in values("risk")]]


def test_the_development_fold_is_not_learnt_from(tmp_path: Path) -> None:
    rows, _ = read([write(tmp_path, *(row(f"第{number}条意见", f"R{number}", intent="other") for number in range(60)))])
    kept = [example for example in rows if example.development]
    assert 3 < len(kept) < 25
    learnt = to_learn(rows, [])
    assert sorted(learnt.texts) == sorted(words(example.doc) for example in rows if not example.development)
