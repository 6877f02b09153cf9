"""model: what the language model does on this machine."""

from __future__ import annotations

from app.commands.common import say
from app.runtime import Runtime
from app.settings import MIB, Settings

TITLES = {"fp32": "浮点", "int8": "整数"}


def measure() -> None:
    """Time the engine's modes, keep the better one, and say so."""
    runtime = Runtime(Settings())
    for mode, speed in runtime.measure_mode().items():
        say(f"{TITLES[mode]}运算（{mode}）：每秒 {speed:.0f} 条")
    say(f"以后用 {runtime.mode}；正在运行的服务重启后生效。")


def versions() -> None:
    """The models there are; the one in use is marked."""
    runtime = Runtime(Settings())
    for version, size in runtime.models():
        say(f"{'*' if version == runtime.model_version else ' '} {version}　{size / MIB:.1f} MiB")
    runtime.check_model()
