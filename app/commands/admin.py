"""user, source, keys, audit and jobs: what an administrator does at the shell."""

from __future__ import annotations

from typing import Annotated

import typer

from app.channels import DELIVERED
from app.channels.kinds import ChannelKind
from app.commands.common import ACTOR, progress_bar, ready_runtime, say
from app.compliance import chain
from app.feedback import sources
from app.feedback.tasks import retry_failed
from app.jobs.queue import dead_jobs, retry
from app.people.models import Role
from app.people.service import add_user
from app.runtime import Runtime
from app.store import audit
from app.store.sealing import reseal

ROLES = "、".join(f"{role.value}（{role.chinese}）" for role in Role)
CHANNEL_KINDS = "、".join(kind.value for kind in ChannelKind)
SourceName = Annotated[str, typer.Argument(help="接入源名称：小写字母、数字和连字符")]


def user_add(
    login: Annotated[str, typer.Option(prompt="登录名", help="登录名：小写字母、数字、点、横线")],
    name: Annotated[str, typer.Option(prompt="姓名", help="页面上显示的姓名")],
    role: Annotated[Role, typer.Option(prompt="角色", help=f"角色：{ROLES}")],
    password: Annotated[
        str,
        typer.Option(
            prompt="密码",
            confirmation_prompt="再输一次",
            hide_input=True,
            envvar="HUISHENG_NEW_PASSWORD",
            help="不给就会询问；不要写在命令行上，别的用户看得到",
        ),
    ],
) -> None:
    """Add a user; asks for what is not given."""
    runtime = ready_runtime()
    with runtime.store.write() as session:
        now = runtime.clock.now()
        user = add_user(session, login=login, name=name, role=role, password=password, actor=ACTOR, now=now)
    say(f"已新建用户 {user.login}（{user.role.chinese}）。")


def source_add(
    name: SourceName,
    title: Annotated[str, typer.Option(help="页面上显示的名称")],
    channel: Annotated[ChannelKind, typer.Option(help=f"渠道类型：{CHANNEL_KINDS}")],
    format_: Annotated[str, typer.Option("--format", help=f"格式：{'、'.join(DELIVERED)}")] = "standard",
    time_zone: Annotated[str, typer.Option(help="不带时区的时间按哪个时区理解")] = "Asia/Shanghai",
) -> None:
    """Set up a source and show its signing secret, this once."""
    runtime = ready_runtime()
    with runtime.store.write() as session:
        now = runtime.clock.now()
        source = sources.create(
            session, name=name, title=title, channel=channel, now=now, format=format_, time_zone=time_zone
        )
        secret = sources.add_secret(session, source=source, now=now)
        audit.record(session, at=now, actor=ACTOR, action="source.add", subject=f"source:{name}")
    _show_secret(runtime, name, secret)


def source_rotate(name: SourceName) -> None:
    """Add a signing secret beside the present ones and show it, this once."""
    runtime = ready_runtime()
    with runtime.store.write() as session:
        now = runtime.clock.now()
        secret = sources.add_secret(session, source=sources.by_name(session, name, stopped=True), now=now)
        audit.record(session, at=now, actor=ACTOR, action="source.rotate", subject=f"source:{name}")
    _show_secret(runtime, name, secret)


def source_retire(name: SourceName) -> None:
    """End the use of all signing secrets but the newest."""
    runtime = ready_runtime()
    with runtime.store.write() as session:
        now = runtime.clock.now()
        count = sources.retire_secrets(session, source=sources.by_name(session, name, stopped=True), now=now)
        audit.record(session, at=now, actor=ACTOR, action="source.retire", subject=f"source:{name}")
    say(f"已停用 {count} 把旧密钥。")


def source_stop(name: SourceName) -> None:
    """Take no more deliveries from a source."""
    _switch(name, active=False, what="stop")
    say(f"已停止接入源 {name}：新的投递一律退回，已收下的照常处理。恢复请运行 huisheng source start {name}。")


def source_start(name: SourceName) -> None:
    """Take deliveries from a stopped source again."""
    _switch(name, active=True, what="start")
    say(f"已恢复接入源 {name}，可以再投递了。")


def keys_rotate() -> None:
    """Add an encryption key and re-encrypt every original under it."""
    runtime = ready_runtime()
    keyring = runtime.store.keyring
    if keyring.path is not None:
        keyring.add()
    count = reseal(runtime.store)
    with runtime.store.write() as session:
        detail = {"key": keyring.current, "values": count}
        audit.record(session, at=runtime.clock.now(), actor=ACTOR, action="keys.rotate", subject="keys", detail=detail)
    say(f"当前密钥是 {keyring.current}，重新加密了 {count} 个值。请另行备份密钥。")


def keys_relink() -> None:
    """Change the key of the digests that link feedback, and digest every identifier anew from the originals."""
    from app.feedback.links import rotate

    runtime = ready_runtime()
    with progress_bar("重算关联摘要", None) as advance:
        count = rotate(runtime.store, now=runtime.clock.now(), tell=advance)
    with runtime.store.write() as session:
        now, detail = runtime.clock.now(), {"feedback": count}
        audit.record(session, at=now, actor=ACTOR, action="keys.relink", subject="keys", detail=detail)
    say(f"换了关联摘要的密钥，重算了 {count} 条反馈。")


def audit_verify() -> None:
    """Walk the audit chain and note what was found, for the console. Exit status 1 where it is broken."""
    runtime = ready_runtime()
    report = chain.check(runtime.store, clock=runtime.clock, actor=ACTOR)
    if not report.ok:
        say(f"审计链在第 {report.broken_id} 条断开：它或它之前的一条被改动、删除或插入过。前 {report.entries} 条完好。")
        raise typer.Exit(1)
    say(f"审计链完好：{report.entries} 条，末尾散列 {report.head}")


def jobs_dead() -> None:
    """List the jobs that were given up."""
    with ready_runtime().store.read() as session:
        dead = dead_jobs(session)
    for job in dead:
        args = " ".join(f"{name}={value}" for name, value in job.args.items())
        say(f"{job.id}\t{job.task}\t{args}\t{job.error}")
    if not dead:
        say("没有停下的任务。")


def jobs_retry(
    job_id: Annotated[int | None, typer.Argument(help="任务编号；不给就重试所有停下的任务和分析失败的反馈")] = None,
) -> None:
    """Queue one dead job again, or all of them and the feedback whose analysis failed."""
    runtime = ready_runtime()
    with runtime.store.write() as session:
        chosen = [job_id] if job_id is not None else [job.id for job in dead_jobs(session) if job.id is not None]
        for number in chosen:
            retry(session, number)
        failed = retry_failed(session, queue=runtime.queue) if job_id is None else 0
        detail = {"jobs": chosen, "feedback": failed}
        now = runtime.clock.now()
        audit.record(session, at=now, actor=ACTOR, action="jobs.retry", subject="jobs", detail=detail)
    say(f"重试 {len(chosen)} 个任务、{failed} 条分析失败的反馈。")


def _switch(name: str, *, active: bool, what: str) -> None:
    runtime = ready_runtime()
    with runtime.store.write() as session:
        sources.set_active(session, source=sources.by_name(session, name, stopped=True), active=active)
        audit.record(session, at=runtime.clock.now(), actor=ACTOR, action=f"source.{what}", subject=f"source:{name}")


def _show_secret(runtime: Runtime, name: str, secret: str) -> None:
    settings = runtime.settings
    say(f"投递地址：http://{settings.host}:{settings.port}/v1/sources/{name}/deliveries")
    say(f"签名密钥（只显示这一次）：{secret}")
