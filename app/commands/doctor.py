"""doctor: is this installation fit to work, and if not, what to do about it."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import typer
from sqlalchemy import select as select_columns
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, func, select

from app.clock import SystemClock
from app.commands.common import say
from app.errors import HuishengError, NotReady
from app.jobs.models import Job, JobState, WorkerBeat
from app.jobs.queue import LEASE, dead_count, open_count
from app.runtime import Runtime
from app.search import service
from app.settings import MIB, Settings
from app.store.engine import is_migrated
from app.store.sealing import sealed_columns, unseal

MIN_FREE = 1024 * MIB
SLOW = timedelta(minutes=15)  # a due job that waits longer than this says that the worker does not keep up


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `detail` tells the state or what to do."""

    ok: bool
    detail: str


def check_keys(runtime: Runtime) -> Finding:
    """The keys are there and, in a file, the owner's alone."""
    if not _begun(runtime):
        return Finding(ok=False, detail="还没有初始化，请运行：huisheng migrate")
    keyring = runtime.keyring
    if keyring.path is not None and stat.S_IMODE(keyring.path.stat().st_mode) & 0o077:
        return Finding(ok=False, detail=f"别的用户也能读密钥文件，请运行：chmod 600 {keyring.path}")
    return Finding(ok=True, detail=f"{len(keyring.ids)} 把，当前 {keyring.current}")


def check_database(runtime: Runtime) -> Finding:
    """The database answers and has this version's structure."""
    runtime.store.ping()
    if not runtime.store.is_current():
        return Finding(ok=False, detail="库的结构不是本版本的，请运行：huisheng migrate")
    return Finding(
        ok=True, detail=f"{'SQLite' if runtime.store.is_sqlite else 'PostgreSQL'}，结构 {runtime.store.revision()}"
    )


def check_originals(runtime: Runtime) -> Finding:
    """The keys open what is in the store: the first and last value of every sealed column."""
    opened = 0
    with runtime.store.read() as session:
        for column in sealed_columns():
            (key,) = column.table.primary_key.columns
            for order in (key.asc(), key.desc()):
                value = session.execute(
                    select_columns(column).where(column.is_not(None)).order_by(order).limit(1)
                ).scalar()
                if value is not None:
                    unseal(session, value, context=f"{column.table.name}.{column.name}")
                    opened += 1
    return Finding(ok=True, detail=f"抽查 {opened} 个，都能解开")


def check_model(runtime: Runtime) -> Finding:
    """The model is there and unchanged."""
    runtime.check_model()
    measured = "" if runtime.measured_mode else "，还没有测速，可运行：huisheng model measure"
    return Finding(ok=True, detail=f"{runtime.model_version}：文件齐全，校验和一致；运算方式 {runtime.mode}{measured}")


def check_disk(runtime: Runtime) -> Finding:
    """Room for the store to grow."""
    home = runtime.settings.home
    free = shutil.disk_usage(home if home.exists() else home.absolute().parent).free
    detail = f"剩余 {free / 1024 / MIB:.1f} GB"
    return Finding(ok=True, detail=detail) if free >= MIN_FREE else Finding(ok=False, detail=f"{detail}，请清理或扩容")


def check_worker(runtime: Runtime) -> Finding:
    """A worker has given a sign of life lately."""
    now = SystemClock().now()
    with runtime.store.read() as session:
        seen: datetime | None = session.exec(select(func.max(col(WorkerBeat.seen_at)))).one()
    if seen is None or now - seen > LEASE:
        return Finding(ok=False, detail="没有工作进程，请运行 huisheng serve，或单独运行 huisheng worker")
    return Finding(ok=True, detail=f"{int((now - seen).total_seconds())} 秒前有心跳")


def check_queue(runtime: Runtime) -> Finding:
    """Nothing was given up, and nothing waits for long."""
    with runtime.store.read() as session:
        waiting, dead = open_count(session), dead_count(session)
        queued = select(func.min(col(Job.run_at))).where(col(Job.state) == JobState.QUEUED)
        oldest: datetime | None = session.exec(queued).one()
    if dead:
        return Finding(ok=False, detail=f"停下 {dead} 个任务，用 huisheng jobs dead 查看，改好后 huisheng jobs retry")
    if oldest is not None and SystemClock().now() - oldest > SLOW:
        return Finding(
            ok=False, detail=f"等待 {waiting} 个，最久的已超过 {SLOW.seconds // 60} 分钟；请看工作进程的日志"
        )
    return Finding(ok=True, detail=f"等待 {waiting} 个")


def check_search(runtime: Runtime) -> Finding:
    """All analysed feedback can be found by its words."""
    with runtime.store.read() as session:
        lacking = service.missing(session)
    if lacking:
        return Finding(
            ok=False, detail=f"{lacking} 条反馈还搜不到；工作进程会补上，也可以现在运行 huisheng search reindex"
        )
    return Finding(ok=True, detail="索引完整")


Check = Callable[[Runtime], Finding]
MACHINE_CHECKS: dict[str, Check] = {"模型": check_model, "磁盘": check_disk, "密钥": check_keys}
STORE_CHECKS: dict[str, Check] = {
    "数据库": check_database,
    "原文": check_originals,
    "工作进程": check_worker,
    "队列": check_queue,
    "检索": check_search,
}


def doctor() -> None:
    """Tell of each check that all is well or what to do. Exit status 1 where something is wrong."""
    runtime = Runtime(Settings())
    checks = MACHINE_CHECKS | (STORE_CHECKS if _begun(runtime) else {})
    findings = {title: _outcome(check, runtime) for title, check in checks.items()}
    for title, finding in findings.items():
        say(f"{'正常　' if finding.ok else '有问题'}　{title}：{finding.detail}")
    if not all(finding.ok for finding in findings.values()):
        raise typer.Exit(1)


def _begun(runtime: Runtime) -> bool:
    """False before the first migration; a check must not be what makes the keys."""
    settings = runtime.settings
    return settings.keys is not None or settings.key_file.exists() or is_migrated(settings.database_url)


def _outcome(check: Check, runtime: Runtime) -> Finding:
    """A check that cannot even be made is a problem, told by its own words or the error's class."""
    try:
        return check(runtime)
    except NotReady as error:
        return Finding(ok=False, detail=error.message)
    except SQLAlchemyError as error:
        return Finding(
            ok=False, detail=f"库没有应答（{type(error).__qualname__}），请检查 HUISHENG_DATABASE_URL 和库的状态"
        )
    except (ValueError, OSError, HuishengError) as error:
        return Finding(ok=False, detail=f"检查没有做成（{type(error).__qualname__}）")
