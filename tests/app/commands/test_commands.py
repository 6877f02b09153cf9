"""The commands as a person types them, on a store and a model that are real."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from app.cli import app

runner = CliRunner()
MOBILE = "13800138000"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own; the commands read the environment."""
    monkeypatch.setenv("HUISHENG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HUISHENG_TORCH_THREADS", "1")
    return tmp_path / "home"


def run(*words: str | Path) -> Result:
    return runner.invoke(app, [str(word) for word in words])


def write_lines(path: Path, *lines: object) -> Path:
    text = "".join((line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)) + "\n" for line in lines)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_leak_scan_tells_places_and_ends_with_one(tmp_path: Path) -> None:
    log = tmp_path / "serve.log"
    planted = write_lines(tmp_path / "marked.jsonl", {"text": f"打{MOBILE}", "text_pii": [[1, 12, "MOBILE"]]})
    log.write_text("一切正常\n", encoding="utf-8")
    clean = run("privacy", "scan", "--planted", planted, "--also", log)
    assert (clean.exit_code, "没有发现泄漏" in clean.stdout) == (0, True)

    log.write_text("呼叫 138-0013-8000\n", encoding="utf-8")
    leaking = run("privacy", "scan", "--planted", planted, "--also", log)
    assert leaking.exit_code == 1
    assert f"{log}\t手机号\t1 处" in leaking.stdout
    assert "0013" not in leaking.output


def test_analyse_may_write_over_what_it_reads(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "one.jsonl", {"id": "a", "text": "柜台排队太久"})
    done = run("analyse", source, "--output", source)
    assert (done.exit_code, "分析 1 条" in done.stderr) == (0, True)
    assert json.loads(source.read_text(encoding="utf-8"))["intent"]
    assert [path.name for path in tmp_path.glob("one*")] == ["one.jsonl"]


def test_analyse_writes_what_it_promises(tmp_path: Path) -> None:
    said = f"年费没告知就乱扣,客服还推脱,太差劲了!我手机号{MOBILE},要求退还年费"
    turns = [{"role": "agent", "text": "您好请讲"}, {"role": "customer", "text": f"收不到验证码 号码{MOBILE}"}]
    source = write_lines(
        tmp_path / "in.jsonl",
        {"id": "a", "text": said},
        "{broken",
        {"id": "b", "turns": turns, "subject": f"回复:{MOBILE}"},
    )
    done = run("analyse", source, "--output", tmp_path / "out.jsonl", "--embeddings", tmp_path / "e.npy")
    assert done.exit_code == 1
    assert "第 2 行" in done.stderr
    assert MOBILE not in done.output
    text, talk = (json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines())
    assert np.load(tmp_path / "e.npy").shape == (2, 384)

    ((start, end, kind),) = text["pii"]
    assert (said[start:end], kind) == (MOBILE, "MOBILE")
    assert text["masked_text"] == said.replace(MOBILE, "[手机号]")
    assert text["intent"] == "complaint"
    assert text["sentiment"]["label"] < 0
    assert text["sentiment"]["score"] < 0
    assert text["demand"] in said
    assert set(text["labels"]) >= {"intent", "touchpoint", "business", "cause", "sentiment"}
    for begin, stop in text["labels"]["intent"]["evidence"]:
        assert said[begin:stop].strip()

    assert [turn["masked_text"] for turn in talk["turns"]] == ["您好请讲", "收不到验证码 号码[手机号]"]
    assert talk["turns"][1]["pii"] == [[9, 20, "MOBILE"]]
    assert talk["subject_pii"] == [[3, 14, "MOBILE"]]
    parts = {turn for turn, _, _ in talk["labels"]["intent"]["evidence"]}
    assert parts <= {-1, 1}  # the agent's turn is no evidence


def test_a_broken_line_is_told_and_kept_and_the_rest_goes_in(tmp_path: Path, home: Path) -> None:
    good = [{"id": f"r{number}", "text": f"网点排队太久{number}"} for number in range(3)]
    done = run("ingest", write_lines(tmp_path / "in.jsonl", good[0], "{broken", *good[1:]), "--source", "files")
    assert done.exit_code == 1
    assert "第 2 行" in done.stderr
    assert "新增 3 条" in done.stdout
    (kept,) = (home / "rejects").iterdir()
    assert "{broken" in kept.read_text(encoding="utf-8")
    again = run("ingest", tmp_path / "in.jsonl", "--source", "files")
    assert "新增 0 条" in again.stdout


def test_a_dry_run_writes_nothing(tmp_path: Path, home: Path) -> None:
    done = run("ingest", write_lines(tmp_path / "in.jsonl", {"id": "1", "text": "好"}), "--dry-run")
    assert done.exit_code == 0
    assert "可以导入 1 条" in done.stdout
    with sqlite3.connect(home / "huisheng.sqlite") as store:
        assert store.execute("SELECT count(*) FROM interaction").fetchone() == (0,)


def test_the_audit_chain_tells_of_a_changed_row(tmp_path: Path, home: Path) -> None:
    run("ingest", write_lines(tmp_path / "in.jsonl", {"id": "1", "text": "好"}))
    assert run("audit", "verify").exit_code == 0
    with sqlite3.connect(home / "huisheng.sqlite") as store:
        for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            store.execute(f'DROP TRIGGER "{name}"')
        store.execute("UPDATE audit_entry SET actor = 'nobody' WHERE id = 1")
    broken = run("audit", "verify")
    assert broken.exit_code == 1
    assert "第 1 条断开" in broken.stdout
    with sqlite3.connect(home / "huisheng.sqlite") as store:  # for the console
        noted = store.execute("SELECT scope, actor, entries, broken_id FROM audit_check").fetchall()
    assert noted == [("whole", "system:cli", 1, 1)]


def test_doctor_says_what_is_wrong_and_what_to_do() -> None:
    run("migrate")
    told = run("doctor")
    assert told.exit_code == 1
    assert "没有工作进程，请运行 huisheng serve" in told.stdout
    assert "模型" in told.stdout


def test_a_source_shows_its_secret_once() -> None:
    told = run("source", "add", "crm", "--title", "行内中间件", "--channel", "phone")
    assert told.stdout.count("whsec_") == 1
    assert "whsec_" not in run("doctor").output
