"""model: what the language model does on this machine."""

from __future__ import annotations

from app.commands.common import ACTOR, ready_runtime, say
from app.feedback import tasks
from app.runtime import Runtime
from app.settings import MIB, Settings
from app.store.audit import record

TITLES = {"fp32": "浮点", "bf16": "半精度", "int8": "整数"}


def measure() -> None:
    """Time the engine's modes, keep the best one, and say so."""
    runtime = Runtime(Settings())
    for mode, speed in runtime.measure_mode().items():
        say(f"{TITLES[mode]}运算（{mode}）：每秒 {speed:.1f} 条")
    say(f"以后用 {runtime.mode}；正在运行的服务重启后生效。")


def versions() -> None:
    """The models there are; the one in use is marked."""
    runtime = Runtime(Settings())
    for version, size in runtime.models():
        say(f"{'*' if version == runtime.model_version else ' '} {version}　{size / MIB:.1f} MiB")
    runtime.check_model()


def reanalyse() -> None:
    """Queue what another model has read; lists go on showing the old answers until the new ones are there."""
    runtime = ready_runtime()
    runtime.check_model()
    count = tasks.reanalyse(runtime.store, queue=runtime.queue, version=runtime.pipeline.version)
    with runtime.store.write() as session:
        now, detail = runtime.clock.now(), {"count": count, "model": runtime.model_version}
        record(session, at=now, actor=ACTOR, action="feedback.reanalyse", subject="feedback", detail=detail)
    if count:
        say(f"{count} 条排入队列，由工作进程用 {runtime.model_version} 重新分析；分析完再运行 huisheng topics fit。")
    else:
        say(f"都已经是 {runtime.model_version} 的分析，没有要做的。")
