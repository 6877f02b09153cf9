"""The command tree of `huisheng`, the same as `python -m app`."""

from __future__ import annotations

import sys

import typer
from typer import rich_utils

from app.commands import admin, customers, demo, doctor, feedback, model, privacy, search, serving, topics
from app.commands.common import configure_logs, console
from app.errors import HuishengError, Invalid

# Typer has no setting for the words it adds around our help.
rich_utils.ARGUMENTS_PANEL_TITLE = "参数"
rich_utils.OPTIONS_PANEL_TITLE = "选项"
rich_utils.COMMANDS_PANEL_TITLE = "命令"
rich_utils.ERRORS_PANEL_TITLE = "用法有误"
rich_utils.DEFAULT_STRING = "[默认：{}]"
rich_utils.ENVVAR_STRING = "[环境变量：{}]"
rich_utils.REQUIRED_LONG_STRING = "[必填]"
rich_utils.ABORTED_TEXT = "已中止。"
rich_utils.RICH_HELP = "用法见 [blue]'{command_path} {help_option}'[/]。"


def _group(help_text: str) -> typer.Typer:
    return typer.Typer(help=help_text, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


app = _group("回声：银行的客户之声服务。配置用环境变量，见 docs/reference/settings.md。")
app.command(
    "demo", help="演示：自带样例数据的库，分析、聚主题，然后在 127.0.0.1 打开控制台，直到 Ctrl-C。再次启动很快。"
)(demo.demo)
app.command("serve", help="启动服务：升级库，启动工作进程，提供页面和接口，直到 Ctrl-C 或 SIGTERM。")(serving.serve)
app.command("worker", help="只启动一个工作进程：处理投递、分析反馈，直到 Ctrl-C 或 SIGTERM。serve 会自己启动一个。")(
    serving.worker
)
app.command("migrate", help="建立库，或升级到本版本的结构。")(serving.migrate)
app.command("ingest", help="导入文件（JSONL、CSV、XLSX、EML）。坏的行逐行报告并留在退回文件里，其余照常导入。")(
    feedback.ingest
)
app.command("analyse", help="分析一个文件，不用库：遮盖、打标签、指出依据。坏的行报告行号，其余照常。")(
    feedback.analyse
)
app.command("doctor", help="检查密钥、库、模型、磁盘、工作进程和队列；每行说明正常，或该做什么。")(doctor.doctor)

model_group = _group("语言模型。")
model_group.command("measure", help="测一测本机用哪种运算方式快（几秒），并记下来；换机器后再测一次。")(model.measure)
model_group.command("list", help="列出本机的模型版本；正在用的前面有星号。用 HUISHENG_MODEL 换版本。")(model.versions)
model_group.command("reanalyse", help="换了模型之后：把旧模型分析过的反馈排队重新分析。人的改正、问题和措施不受影响。")(
    model.reanalyse
)
app.add_typer(model_group, name="model")

corrections_group = _group("对模型判断的改正。")
corrections_group.command(
    "export", help="导出改正过的反馈（JSONL，号码已遮），供 training finetune --corrections 再训练。"
)(feedback.corrections_export)
app.add_typer(corrections_group, name="corrections")

topics_group = _group("主题。")
topics_group.command("fit", help="从已分析的反馈重新聚主题；主题的编号和人改过的名称延续下来。")(topics.fit)
topics_group.command("cluster", help="给一个文件聚主题，不用库。坏的行报告行号，其余照常。")(topics.cluster)
app.add_typer(topics_group, name="topics")

search_group = _group("检索。")
search_group.command(
    "reindex", help="从已遮盖的文字重编全文检索的索引；服务可以照常运行。升级说明要求时、或 doctor 说缺了才用。"
)(search.reindex)
app.add_typer(search_group, name="search")

customers_group = _group("客户。")
customers_group.command(
    "load", help="从行内名单读入客户和授权；只回访 consent_survey 为 1 的客户。有一行不对就整个文件不读入。"
)(customers.load)
app.add_typer(customers_group, name="customers")

privacy_group = _group("个人信息。")
privacy_group.command(
    "scan", help="用库里已知的个人信息，查库的每一列和给出的文件，看有没有哪里能读到；有就逐处列出，退出码为 1。"
)(privacy.scan)
privacy_group.command(
    "cases", help="用人的遮盖复核检验正在用的模型：它自己会不会漏遮或误遮同样的文字；有做错的，退出码为 1。"
)(privacy.cases)
app.add_typer(privacy_group, name="privacy")

user_group = _group("用户。")
user_group.command("add", help="新建用户。没有给出的会询问。")(admin.user_add)
app.add_typer(user_group, name="user")

source_group = _group("接入源和它们的签名密钥。")
source_group.command("add", help="新建接入源，显示一次它的签名密钥。")(admin.source_add)
source_group.command("rotate", help="加一把新的签名密钥并显示一次；旧的仍然有效，等发送方换好再用 retire 停用。")(
    admin.source_rotate
)
source_group.command("retire", help="停用最新一把以外的签名密钥。")(admin.source_retire)
source_group.command("stop", help="停止一个接入源，如密钥泄露时：新的投递一律退回，已收下的照常处理。")(
    admin.source_stop
)
source_group.command("start", help="恢复停止的接入源。密钥泄露的，先用 rotate 和 retire 换好密钥。")(admin.source_start)
app.add_typer(source_group, name="source")

keys_group = _group("加密原文的密钥。")
keys_group.command("rotate", help="加一把新的加密密钥，并把所有原文重新加密到它下面。旧密钥留着，更早的备份还要用它。")(
    admin.keys_rotate
)
keys_group.command(
    "relink", help="换一把关联摘要的密钥（用来认出同一号码的反馈），从原文重算所有摘要。升级后为旧反馈补算也用它。"
)(admin.keys_relink)
app.add_typer(keys_group, name="keys")

jobs_group = _group("后台任务。")
jobs_group.command("dead", help="列出停下的任务：编号、名称、对象、最后一次的错误。")(admin.jobs_dead)
jobs_group.command("retry", help="重试一个或所有停下的任务。")(admin.jobs_retry)
app.add_typer(jobs_group, name="jobs")

audit_group = _group("审计链。")
audit_group.command("verify", help="核对审计链：条数与末尾散列，或第一处断开的地方。")(admin.audit_verify)
app.add_typer(audit_group, name="audit")


def main() -> None:
    """Run a command; what a person can mend is told in one line, with exit status 1."""
    configure_logs()
    try:
        app()
    except HuishengError as error:
        place = f"（{error.field}）" if isinstance(error, Invalid) else ""
        console.print(f"错误{place}：{error.message}", markup=False)
        sys.exit(1)
