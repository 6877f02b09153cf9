"""What a process is built from: its settings, and the keys it may or must not make."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

import nlp
from app.clock import ShiftedClock, SystemClock
from app.errors import NotReady
from app.runtime import Runtime
from app.settings import Settings
from nlp.measure import choose

KEYS = SecretStr("a:" + "A" * 43 + "=")


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the shell that runs the tests has set."""
    for name in [name for name in os.environ if name.startswith("HUISHENG_")]:
        monkeypatch.delenv(name)


def test_places_follow_from_home(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert settings.database_url == f"sqlite:///{tmp_path}/huisheng.sqlite"
    assert settings.key_file == tmp_path / "keys.json"
    assert settings.model_dir == settings.data_dir / "model"


def test_a_place_that_is_set_stays(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, database_url="postgresql://db/x", model_dir=tmp_path / "m")
    assert (settings.database_url, settings.model_dir) == ("postgresql://db/x", tmp_path / "m")


def test_a_child_process_gets_the_same_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 11, 1, 0, 40, tzinfo=UTC)
    settings = Settings(home=tmp_path, keys=KEYS, now=now, torch_threads=2, port=9000)
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings


def test_another_home_has_its_own_store_and_keys(tmp_path: Path) -> None:
    moved = Settings(home=tmp_path, keys=KEYS, database_url="postgresql://db/x").at_home(tmp_path / "demo")
    assert moved == Settings(home=tmp_path / "demo")


@pytest.mark.parametrize("wrong", [{"port": "0"}, {"now": "2026-11-01T08:40"}, {"session_hours": "0"}])
def test_a_wrong_setting_is_refused(wrong: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in wrong.items():
        monkeypatch.setenv(f"HUISHENG_{name.upper()}", value)
    with pytest.raises(ValidationError):
        Settings()


def test_keys_are_not_shown() -> None:
    assert KEYS.get_secret_value() not in repr(Settings(keys=KEYS))


def test_the_clock_is_the_one_asked_for() -> None:
    assert isinstance(Runtime(Settings()).clock, SystemClock)
    assert isinstance(Runtime(Settings(now=datetime(2026, 11, 1, tzinfo=UTC))).clock, ShiftedClock)


def test_the_first_start_makes_the_keys(tmp_path: Path) -> None:
    first = Runtime(Settings(home=tmp_path))
    first.store.upgrade()
    assert Runtime(Settings(home=tmp_path)).keyring.ids == first.keyring.ids
    first.store.dispose()


def test_lost_keys_are_never_replaced_by_new_ones(tmp_path: Path) -> None:
    first = Runtime(Settings(home=tmp_path))
    first.store.upgrade()
    first.store.dispose()
    (tmp_path / "keys.json").unlink()
    with pytest.raises(NotReady, match="备份"):
        _ = Runtime(Settings(home=tmp_path)).store
    assert not (tmp_path / "keys.json").exists()


def test_a_changed_model_is_refused(tmp_path: Path) -> None:
    shutil.copytree(Settings().model_dir / nlp.SHIPPED, tmp_path / "mine")
    runtime = Runtime(Settings(home=tmp_path, model_dir=tmp_path, model="mine"))
    runtime.check_model()
    (tmp_path / "mine" / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(NotReady, match="被改动过"):
        runtime.check_model()
    with pytest.raises(NotReady, match="被改动过"):
        _ = runtime.pipeline


def test_a_model_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, model="hs0")
    with pytest.raises(NotReady, match=f"没有模型 hs0（现有：{nlp.SHIPPED}）"):
        Runtime(settings).check_model()
    with pytest.raises(ValidationError):
        Settings(model="../elsewhere")


def test_the_engine_computes_in_floats_until_something_better_was_measured(tmp_path: Path) -> None:
    runtime = Runtime(Settings(home=tmp_path))
    assert runtime.mode == "fp32"
    speeds = runtime.measure_mode()
    assert set(speeds) == set(nlp.MODES)
    assert min(speeds.values()) > 0
    assert runtime.mode == choose(speeds), "what was measured is kept and used from then on"
    assert Runtime(Settings(home=tmp_path, model_mode="fp32")).mode == "fp32", "the setting decides"


def test_what_another_release_measured_is_not_believed(tmp_path: Path) -> None:
    told = {"mode": "int4", "texts_per_second": {"fp32": 100.0, "int4": 400.0}}
    (tmp_path / "engine.json").write_text(json.dumps(told), encoding="utf-8")
    runtime = Runtime(Settings(home=tmp_path))
    assert (runtime.measured_mode, runtime.mode) == ("", "fp32")


@pytest.mark.parametrize(
    ("bf16", "int8", "mode"),
    [
        (0.6, 300, "int8"),
        (0.6, 110, "fp32"),
        (50, 50, "fp32"),
        (200, 220, "bf16"),
        (110, 120, "int8"),
        (200, 300, "int8"),
    ],
)
def test_a_mode_that_rounds_more_must_be_clearly_faster(bf16: float, int8: float, mode: str) -> None:
    assert choose({"fp32": 100.0, "bf16": bf16, "int8": int8}) == mode
