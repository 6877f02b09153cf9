"""The composition root: the only place that builds the parts, each when it is first asked for."""

from __future__ import annotations

import json
from functools import cached_property, partial
from typing import TYPE_CHECKING

import nlp
from app.clock import Clock, ShiftedClock, SystemClock
from app.compliance import chain, retention
from app.errors import NotReady
from app.feedback import spread
from app.feedback import tasks as feedback
from app.feedback.ingest import ANALYSE, PROCESS
from app.feedback.tasks import ASSIGN_TOPIC
from app.jobs import schedule
from app.jobs.queue import EmbeddedQueue, Task
from app.migrations import tables
from app.search import tasks as search
from app.search.similar import Neighbours
from app.store.engine import Store, is_migrated
from app.store.sealing import KeyRing
from app.topics import alerts, refits
from app.topics import tasks as topics
from nlp.artifact import CONFIG, ArtifactError, load_config

if TYPE_CHECKING:
    from pathlib import Path

    from app.settings import Settings
    from nlp.pipeline import Pipeline

SCHEDULES = {  # recurring work: task to time after midnight in the bank
    retention.NIGHTLY: retention.AT,
    chain.NIGHTLY: chain.AT,
    search.CATCH_UP: search.AT,
    refits.NIGHTLY: refits.AT,
    alerts.NIGHTLY: alerts.AT,
}
MODE_FILE = "engine.json"  # in home: the mode that was fastest, and how fast each one was


class Runtime:
    """One process's parts."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def clock(self) -> Clock:
        """The machine's time, or the time the settings start from."""
        return SystemClock() if self.settings.now is None else ShiftedClock(self.settings.now)

    @cached_property
    def keyring(self) -> KeyRing:
        """The keys of the settings; a new installation gets a key file.

        Raises NotReady where the file is gone but the store is not: a new key would open nothing in it.
        """
        settings = self.settings
        if settings.keys is not None:
            return KeyRing.parse(settings.keys.get_secret_value())
        if not settings.key_file.exists() and not is_migrated(settings.database_url):
            return KeyRing.generate(settings.key_file)
        return KeyRing.load(settings.key_file)

    @cached_property
    def store(self) -> Store:
        """The store, with every domain's tables known."""
        assert tables.METADATA.tables  # noqa: S101 - keeps the import that fills them
        return Store(self.settings.database_url, self.keyring)

    @cached_property
    def queue(self) -> EmbeddedQueue:
        """The queue, on machine time even in the demo, whose clock starts anew with each process."""
        return EmbeddedQueue(self.store, SystemClock())

    @cached_property
    def neighbours(self) -> Neighbours:
        """The sentence vectors of the store, for finding similar feedback; empty until it is asked."""
        return Neighbours()

    @cached_property
    def pipeline(self) -> Pipeline:
        """The pipeline with the model; takes seconds, most of them for importing torch. Raises NotReady."""
        try:
            return nlp.load(self.model_folder, threads=self.settings.torch_threads, mode=self.mode)
        except ArtifactError as error:
            raise self._no_model(error) from None

    @property
    def model_version(self) -> str:
        """The version of the language model that is used."""
        return self.settings.model or nlp.SHIPPED

    @property
    def model_folder(self) -> Path:
        """Where it lies."""
        return self.settings.model_dir / self.model_version

    @property
    def mode(self) -> str:
        """How the encoder multiplies: as the settings say, as `measure_mode` found, or in floats."""
        return self.settings.model_mode or self.measured_mode or nlp.MODES[0]

    @property
    def measured_mode(self) -> str:
        """What `measure_mode` kept; "" where nothing was, or by a release that knew other modes."""
        kept = self.settings.home / MODE_FILE
        told = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {"texts_per_second": {}}
        return str(told["mode"]) if set(told["texts_per_second"]) == set(nlp.MODES) else ""

    def measure_mode(self) -> dict[str, float]:
        """Time the modes on this machine and keep the best one in home. Mode → texts a second. Raises NotReady."""
        from nlp.measure import choose, texts_per_second

        try:
            speeds = texts_per_second(self.model_folder, threads=self.settings.torch_threads)
        except ArtifactError as error:
            raise self._no_model(error) from None
        self.settings.home.mkdir(parents=True, exist_ok=True)
        told = {"mode": choose(speeds), "texts_per_second": {mode: round(speed, 1) for mode, speed in speeds.items()}}
        (self.settings.home / MODE_FILE).write_text(json.dumps(told), encoding="utf-8")
        return speeds

    def check_model(self) -> None:
        """Raises NotReady where the model is missing or was changed; does not load it."""
        try:
            load_config(self.model_folder)
        except ArtifactError as error:
            raise self._no_model(error) from None

    @cached_property
    def tasks(self) -> dict[str, Task]:
        """Every task by name, in the order in which a worker looks for jobs."""
        store, queue, clock = self.store, self.queue, self.clock
        analyse = partial(feedback.analyse, store=store, queue=queue, pipeline=self.pipeline, clock=clock)
        return {
            PROCESS: Task(partial(feedback.process_delivery, store=store, queue=queue, clock=clock), batch=50),
            ANALYSE: Task(analyse, batch=self.settings.worker_batch),
            spread.SPREAD: Task(partial(spread.run, store=store, clock=clock)),
            ASSIGN_TOPIC: Task(partial(topics.assign, store=store), batch=topics.BATCH),
            retention.RUN: Task(partial(retention.execute, store=store, clock=clock)),
            retention.NIGHTLY: self._daily(
                retention.NIGHTLY, Task(partial(retention.nightly, store=store, clock=clock))
            ),
            chain.NIGHTLY: self._daily(chain.NIGHTLY, Task(partial(chain.nightly, store=store, clock=clock))),
            refits.FIT: Task(partial(refits.fit_now, store=store, clock=clock, pipeline=self.pipeline)),
            refits.NIGHTLY: self._daily(
                refits.NIGHTLY, Task(partial(refits.nightly, store=store, clock=clock, pipeline=self.pipeline))
            ),
            alerts.NIGHTLY: self._daily(alerts.NIGHTLY, Task(partial(alerts.nightly, store=store, clock=clock))),
            search.CATCH_UP: self._daily(search.CATCH_UP, Task(partial(search.catch_up, store=store, queue=queue))),
        }

    def _daily(self, name: str, task: Task) -> Task:
        return schedule.daily(task, name, SCHEDULES[name], store=self.store, queue=self.queue, clock=SystemClock())

    def plant(self) -> None:
        """See that recurring work waits for its time; whoever starts a service does this once."""
        with self.store.write() as session:
            schedule.plant(session, queue=self.queue, schedules=SCHEDULES, now=SystemClock().now())

    def _no_model(self, error: ArtifactError) -> NotReady:
        if not self.model_folder.is_dir():
            there = "、".join(version for version, _ in self.models()) or "一个也没有"
            return NotReady(
                f"{self.settings.model_dir} 里没有模型 {self.model_version}（现有：{there}）。"
                "请改 HUISHENG_MODEL 或 HUISHENG_MODEL_DIR。"
            )
        return NotReady(
            f"模型目录 {self.model_folder} 不完整或被改动过（{error}）。请从发布包恢复，或用 HUISHENG_MODEL 换一个。"
        )

    def models(self) -> list[tuple[str, int]]:
        """The versions there are, with their size in bytes, in order of name."""
        folders = [folder for folder in self.settings.model_dir.glob("*") if (folder / CONFIG).exists()]
        return sorted((folder.name, sum(file.stat().st_size for file in folder.iterdir())) for folder in folders)
