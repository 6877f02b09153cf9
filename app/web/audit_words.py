"""The audit chain in Chinese: what each recorded deed is called, and a short account of its detail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.feedback.originals import REASONS
from app.people.models import ROLE_TITLES, Role
from app.tracker.models import ACTION_TITLES, ISSUE_TITLES
from app.tracker.transitions import TRANSITIONS

DEEDS = {
    "login": "登录",
    "login.failed": "登录失败",
    "logout": "退出登录",
    "user.add": "新增用户",
    "user.role": "改了角色",
    "user.active": "启用或停用了用户",
    "user.password": "重设了密码",
    "issue.create": "新建问题",
    "issue.edit": "修改问题",
    "issue.link": "添加依据",
    "issue.unlink": "移除依据",
    "issue.move": "推进问题",
    "issue.undo": "撤销了问题的上一步",
    "action.create": "新增措施",
    "action.edit": "修改措施",
    "action.move": "推进措施",
    "action.undo": "撤销了措施的上一步",
    "followup.plan": "列出要回访的客户",
    "followup.answer": "记录了一条回访答复",
    "followup.no_answer": "记录了一次未答复",
    "followup.withdraw": "撤回了一条回访结果",
    "followup.import": "导入了回访结果",
    "topic.fit": "重新聚了主题",
    "topic.rename": "主题改名",
    "topic.theme": "改了主题的大类",
    "topic.merge": "合并了主题",
    "topic.merge_undo": "撤销了合并",
    "topic.split": "拆分了主题",
    "topic.split_undo": "撤销了拆分",
    "topic.move": "移动或固定了反馈",
    "topic.move_undo": "撤销了移动或固定",
    "topic.hide": "隐藏了主题",
    "topic.hide_undo": "撤销了隐藏",
    "topic.alert_accept": "受理了主题预警",
    "topic.alert_snooze": "把主题预警推后一周",
    "topic.alert_dismiss": "把主题预警记为已知",
    "topic.alert_reopen": "重新打开了主题预警",
    "job.retry": "重试了任务",
    "jobs.retry": "重试了停下的任务",
    "source.add": "新增接入源",
    "source.rotate": "换了接入源的签名密钥",
    "source.retire": "停用了接入源的旧密钥",
    "source.stop": "停止了接入源",
    "source.start": "恢复了接入源",
    "keys.rotate": "换了加密原文的密钥",
    "keys.relink": "换了关联摘要的密钥",
    "feedback.import": "导入了反馈文件",
    "feedback.correct": "改正了判断",
    "feedback.correct_undo": "撤销了一次改正",
    "review.answer": "复核了判断",
    "review.skip": "跳过了一条复核",
    "review.undo": "撤销了复核",
    "masking.mask": "遮盖了漏遮的个人信息",
    "masking.release": "放开了误遮的文字",
    "masking.undo": "撤销了一次遮盖复核",
    "masking.spread": "在全部反馈里照遮盖复核处理",
    "masking.spread_undo": "在全部反馈里恢复了遮盖复核之前的显示",
    "original.view": "查看了原文",
    "feedback.reanalyse": "排队重新分析",
    "rights.register": "登记了客户的权利请求",
    "rights.refuse": "拒绝了客户的权利请求",
    "rights.export": "导出了客户的个人信息副本",
    "rights.delete": "应客户要求删除",
    "rights.resume": "解除保全后重新列为待办",
    "rights.claim": "把反馈归到客户名下",
    "rights.unclaim": "把反馈移出客户名下",
    "consent.give": "记下客户的同意",
    "consent.withdraw": "记下客户撤回同意",
    "hold.place": "设了保全",
    "hold.release": "解除了保全",
    "retention.rule": "改了保留期限",
    "retention.announce": "预告了到期删除",
    "retention.cancel": "取消了到期删除",
    "retention.hurry": "让到期删除立即执行",
    "retention.run": "执行了到期删除",
    "corrections.export": "导出了改正",
    "customers.load": "读入了客户名单",
    "privacy.scan": "扫描了个人信息泄漏",
}
MOVES = {move.verb.value: move.title for move in TRANSITIONS}
STATES = {state.value: title for titles in (ISSUE_TITLES, ACTION_TITLES) for state, title in titles.items()}
ROLES = {role.value: ROLE_TITLES[role] for role in Role}
FIELDS = {"title": "标题", "detail": "说明", "owner_id": "负责人", "due_on": "期限", "target": "目标"}


def deed(action: str, said: Mapping[str, Any]) -> str:
    """What was done, by an entry's action and detail; an unknown deed is shown by its own name, not hidden."""
    move = MOVES.get(str(said.get("verb", "")))
    if action in {"issue.move", "action.move"} and move:
        return f"“{move}”"
    return DEEDS.get(action, action)


def account(action: str, said: Mapping[str, Any]) -> str:
    """An entry's detail in a line; nothing where there are no words for it."""
    tell = ACCOUNTS.get(action)
    return tell(said) if tell else str(said.get("title") or "")


def _moved(said: Mapping[str, Any]) -> str:
    note = f"（{said['note']}）" if said.get("note") else ""
    start = f"，{said['started_on']} 生效" if said.get("started_on") else ""
    return f"{_state(said.get('from'))} → {_state(said.get('to'))}{start}{note}"


def _edited(said: Mapping[str, Any]) -> str:
    return "、".join(FIELDS.get(field, field) for field in said)


def _role_changed(said: Mapping[str, Any]) -> str:
    return f"{ROLES.get(str(said.get('from')), '')} → {ROLES.get(str(said.get('to')), '')}"


def _role(said: Mapping[str, Any]) -> str:
    return ROLES.get(str(said.get("role")), "")


def _renamed(said: Mapping[str, Any]) -> str:
    return f"{said.get('from')} → {said.get('to')}"


def _planned(said: Mapping[str, Any]) -> str:
    return f"{said.get('added')} 位"


def _answered(said: Mapping[str, Any]) -> str:
    return f"{said.get('score')} 分"


def _imported(said: Mapping[str, Any]) -> str:
    return f"答复 {said.get('answered')} 位，未答复 {said.get('no_answer')} 位"


def _opened(said: Mapping[str, Any]) -> str:
    return f"{REASONS.get(str(said.get('reason')), '')}：{said.get('note')}"


def _reviewed(said: Mapping[str, Any]) -> str:
    return "第二人，不改动判断" if said.get("second") else ""


def _retried(said: Mapping[str, Any]) -> str:
    return f"{len(said.get('jobs') or [])} 个任务，{said.get('feedback')} 条分析失败的反馈"


def _scanned(said: Mapping[str, Any]) -> str:
    return f"查了 {said.get('places')} 处，发现 {said.get('found')} 处泄漏"


def _spread(said: Mapping[str, Any]) -> str:
    what = "遮盖" if said.get("verdict") == "mask" else "放开"
    return f"{what}，改动 {said.get('feedback')} 条反馈"


def _activity(said: Mapping[str, Any]) -> str:
    return "启用" if said.get("to") else "停用"


def _state(value: object) -> str:
    return STATES.get(str(value), str(value))


def _evidence(said: Mapping[str, Any]) -> str:
    parts = [("主题", said.get("topics") or []), ("反馈", said.get("feedback") or [])]
    return "、".join(f"{len(ids)} 个{name}" if name == "主题" else f"{len(ids)} 条{name}" for name, ids in parts if ids)


ACCOUNTS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "issue.move": _moved,
    "issue.undo": _moved,
    "issue.edit": _edited,
    "issue.link": _evidence,
    "issue.unlink": _evidence,
    "action.move": _moved,
    "action.undo": _moved,
    "action.edit": _edited,
    "followup.plan": _planned,
    "followup.answer": _answered,
    "followup.import": _imported,
    "topic.rename": _renamed,
    "user.add": _role,
    "user.role": _role_changed,
    "user.active": _activity,
    "jobs.retry": _retried,
    "original.view": _opened,
    "review.answer": _reviewed,
    "privacy.scan": _scanned,
    "masking.spread": _spread,
    "masking.spread_undo": _spread,
}
