"""The generated pages of docs/reference: each is written from the table in the code that it describes.

`make docs` (python -m tests.reference) writes them; test_docs.py fails while one of them is out of date.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperArgument, TyperGroup, TyperOption

from app import cli
from app.channels import CHANNELS
from app.channels.columns import CHANNELS as CHANNEL_WORDS
from app.channels.columns import HEADERS
from app.people import roles
from app.runtime import Runtime
from app.settings import ROOT, Settings
from app.tracker import transitions
from app.web.pages import PAGES as CONSOLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.jobs.queue import Task

FOLDER = ROOT / "docs" / "reference"


def table(*rows: tuple[str, ...]) -> str:
    """A Markdown table; the first row is its head."""
    head, *rest = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([head, "|---" * len(rows[0]) + "|", *rest])


def shown(value: object) -> str:
    """A default as a person would set it; paths are shown from the root of the clone."""
    if value is None or value == "":
        return "空"
    if isinstance(value, Path):
        return (
            f"`{value.relative_to(ROOT)}`" if value.is_relative_to(ROOT) else "空" if value == Path() else f"`{value}`"
        )
    return f"`{value}`"


def settings() -> str:
    rows = [
        (f"`HUISHENG_{name.upper()}`", shown(field.default), field.description or "")
        for name, field in Settings.model_fields.items()
    ]
    return f"""# 配置

本页由 `app/settings.py` 生成。每一项都是环境变量，启动进程时读一次；不设就用默认值。

{table(("变量", "默认", "含义 · meaning"), *rows)}
"""


def labels() -> str:
    heads = json.loads((ROOT / "data" / "taxonomy" / "labels.json").read_text(encoding="utf-8"))
    pii = json.loads((ROOT / "data" / "taxonomy" / "pii.json").read_text(encoding="utf-8"))
    body = "\n\n".join(
        f"## {head['title']} `{name}`\n\n"
        + table(("值", "显示"), *[(f"`{value}`", title) for value, title in head["values"].items()])
        for name, head in heads.items()
    )
    kinds = [(f"`{kind}`", f"`[{row['title']}]`", "是" if row.get("cut") else "") for kind, row in pii.items()]
    return f"""# 标签与个人信息种类

本页由 `data/taxonomy/` 生成。意图的值 `complaint` 显示为“不满”；“投诉”一词只指受理为监管口径投诉的反馈。

{body}

## 个人信息

占位符在存储、检索、导出和训练中都取代原文。标为“删去”的内容连加密的原文里也不保留。

{table(("种类", "占位符", "删去"), *kinds)}
"""


def formats() -> str:
    described = {name: sys.modules[channel.__module__].__doc__ or "" for name, channel in CHANNELS.items()}
    rows = [(f"`{name}`", text.splitlines()[0]) for name, text in described.items()]
    headers = [(f"`{name}`", "、".join(words)) for name, words in HEADERS.items()]
    kinds: dict[str, list[str]] = {}
    for word, kind in CHANNEL_WORDS.items():
        kinds.setdefault(kind.value, []).append(word)
    return f"""# 渠道格式

本页由 `app/channels/` 生成。

{table(("格式", "内容 · content"), *rows)}

## 表头

表格的列按表头认出，比较时不看空格、大小写、下划线和连字符；先列出的优先。

{table(("字段", "认得的表头"), *headers)}

## 渠道的叫法

{table(("渠道类型", "认得的叫法"), *[(f"`{kind}`", "、".join(words)) for kind, words in kinds.items()])}
"""


def parameter(param: TyperArgument | TyperOption) -> tuple[str, str, str]:
    names = [(param.name or "").upper()] if isinstance(param, TyperArgument) else param.opts
    asked = isinstance(param, TyperOption) and param.prompt
    return "、".join(f"`{name}`" for name in names), param.help or "", "必填" if param.required and not asked else ""


def commands(command: Any, *names: str) -> list[str]:  # noqa: ANN401 - typer's own copy of click is private to it
    """A section for every command that does something."""
    if isinstance(command, TyperGroup):
        return [section for name, below in command.commands.items() for section in commands(below, *names, name)]
    shown = [param for param in command.params if not param.hidden and param.name != "help"]
    rows = "\n" + table(("参数", "含义", ""), *map(parameter, shown)) + "\n" if shown else ""
    return [f"## huisheng {' '.join(names)}\n\n{command.help}\n{rows}"]


def command_line() -> str:
    body = "\n".join(commands(typer.main.get_command(cli.app)))
    return f"""# 命令

本页由 `app/cli.py` 生成。`huisheng` 与 `python -m app` 相同；退出码 0 表示成功，1 表示有问题，2 表示用法有误。

{body}"""


def console() -> str:
    rows = [
        (page.title, f"`{page.path}`", f"`{page.permission.value}`" if page.permission else "不用登录")
        for page in CONSOLE.values()
    ]
    return f"""# 控制台的页面

本页由 `app/web/pages/` 生成。谁有哪项权限见 [角色与权限](roles.md)。

{table(("页面", "地址", "需要的权限"), *rows)}
"""


def tasks() -> dict[str, Task]:
    """The tasks a worker knows, bound to nothing: enough to name them and to read what they do."""
    runtime = Runtime(Settings())
    vars(runtime).update(dict.fromkeys(("store", "queue", "clock", "pipeline")))
    return runtime.tasks


def background() -> str:
    docs = {name: getattr(task.run, "func", task.run).__doc__ or "" for name, task in tasks().items()}
    rows = [(f"`{name}`", str(task.batch), docs[name].splitlines()[0]) for name, task in tasks().items()]
    return f"""# 后台任务

本页由 `app/runtime.py` 的任务表生成。任务失败会退避重试，五次之后停下，在控制台“任务”页可见、可重试。

{table(("任务", "每批最多", "做什么 · what it does"), *rows)}
"""


PAGES: dict[str, Callable[[], str]] = {
    "commands.md": command_line,
    "console.md": console,
    "formats.md": formats,
    "jobs.md": background,
    "labels.md": labels,
    "roles.md": roles.reference,
    "settings.md": settings,
    "transitions.md": transitions.reference,
}


def main() -> None:
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
