"""demo: a store of its own with the sample feedback, analysed, grouped and served; done steps are not repeated."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import col, func, select

from app.clock import ZONE, local_day
from app.commands.common import configure_logs, console, progress_bar, say
from app.commands.serving import run_service
from app.customers import service as customers
from app.feedback.imports import ImportPlan, import_file
from app.feedback.ingest import ANALYSE
from app.feedback.models import Interaction, Source
from app.jobs.queue import JobArgs, Task, open_count
from app.people import passwords
from app.people.models import Role
from app.people.service import add_user, find_user, set_password
from app.products import service as products
from app.runtime import Runtime
from app.settings import Settings
from app.topics.alerts import raise_alerts
from app.topics.models import TopicVersion
from app.tracker.models import Issue
from app.tracker.samples import plant_sample

LOGIN, NAME = "demo", "演示主管"
SOURCE = "samples"
ACTOR = "system:demo"
MORNING = time(8, 40)  # when the supervisor of the quick start sits down
SEED = 7


def demo(port: Annotated[int | None, typer.Option(help="端口；不给就用 8000", min=1, max=65535)] = None) -> None:
    """Prepare what is not yet there, then serve on 127.0.0.1 until SIGINT or SIGTERM."""
    configure_logs(logging.WARNING)  # a line for each batch would tear the progress bar
    settings = Settings()
    samples = settings.data_dir / "samples"
    occurred = occurred_at(samples)
    morning = datetime.combine(local_day(max(occurred)) + timedelta(days=1), MORNING, ZONE)
    settings = settings.at_home(settings.home / "demo").model_copy(
        update={"now": settings.now or morning, "host": "127.0.0.1", "port": port or settings.port}
    )
    runtime = Runtime(settings)
    runtime.check_model()
    runtime.store.upgrade()
    if not runtime.measured_mode:
        runtime.measure_mode()
    load_samples(runtime, samples, total=len(occurred))
    work_off(runtime)
    group(runtime)
    password = prepare_people(runtime, samples)
    say(f"控制台：http://{settings.host}:{settings.port}")
    say(f"登录名：{LOGIN}　密码：{password}（每次启动换新）")
    say("按 Ctrl-C 结束。")
    run_service(runtime)


def load_samples(runtime: Runtime, samples: Path, *, total: int) -> None:
    """Customers, products and feedback, unless all of it is there."""
    with runtime.store.read() as session:
        counted = select(func.count()).select_from(Interaction).join(Source).where(col(Source.name) == SOURCE)
        if session.exec(counted).one() >= total:
            return
    with runtime.store.write() as session:
        with (samples / "customers.csv").open("rb") as source:
            customers.load_csv(session, source=source, now=runtime.clock.now())
        with (samples / "products.csv").open("rb") as source:
            products.load_csv(session, source=source)
    plan = ImportPlan(path=samples / "corpus.jsonl", source=SOURCE, rejects_dir=runtime.settings.home / "rejects")
    with progress_bar("导入样例", total) as advance:
        import_file(plan, store=runtime.store, queue=runtime.queue, clock=runtime.clock, progress=advance)


def work_off(runtime: Runtime) -> None:
    """Do what is queued; the bar counts feedback, which is where the time goes."""
    with runtime.store.read() as session:
        waiting, feedback = open_count(session), open_count(session, ANALYSE)
    if not waiting:
        return
    console.print("装载模型……")
    tasks = dict(runtime.tasks)
    with progress_bar("分析反馈", feedback) as advance:
        tasks[ANALYSE] = replace(tasks[ANALYSE], run=partial(_counted, tasks[ANALYSE], advance))
        runtime.queue.work(tasks, until_empty=True)


def _counted(task: Task, advance: Callable[[int], None], jobs: Sequence[JobArgs]) -> None:
    task.run(jobs)
    advance(len(jobs))


def group(runtime: Runtime) -> None:
    """Fit topics once, and raise the alerts of the day on which the demo plays."""
    with runtime.store.read() as session:
        fitted = session.exec(select(TopicVersion.id).limit(1)).first() is not None
    if fitted:
        raise_alerts(runtime.store, clock=runtime.clock)
        return
    from app.topics.service import FIT_STEPS, fit_topics

    with progress_bar("聚主题", FIT_STEPS) as advance:
        fit_topics(runtime.store, clock=runtime.clock, seed=SEED, pipeline=runtime.pipeline, progress=advance)


def prepare_people(runtime: Runtime, samples: Path) -> str:
    """The supervisor with a new password, which is returned, and on the first start the planned actions."""
    password = passwords.generate()
    with runtime.store.write() as session:
        now = runtime.clock.now()
        user = find_user(session, login=LOGIN)
        if user is None:
            user = add_user(
                session, login=LOGIN, name=NAME, role=Role.SUPERVISOR, password=password, actor=ACTOR, now=now
            )
        else:
            set_password(session, user_id=user.id, password=password, actor=ACTOR, now=now)
        if session.exec(select(Issue.id).limit(1)).first() is None:
            rows = json.loads((samples / "actions.json").read_text(encoding="utf-8"))
            plant_sample(session, actor=user, rows=rows, now=now)
    return password


def occurred_at(samples: Path) -> list[datetime]:
    """When each sample was said, in the order of the file."""
    lines = (samples / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    return [datetime.fromisoformat(json.loads(line)["occurred_at"]) for line in lines]
