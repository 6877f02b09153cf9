"""Names in Chinese of what is stored as a word, and a feedback as a line of a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.channels.kinds import ChannelKind, Role, ScoreKind
from app.feedback import display
from app.feedback.display import Piece
from app.feedback.models import DeliveryState, Interaction, InteractionState, Message
from app.feedback.query import FeedbackRow

CHANNELS = {
    ChannelKind.PHONE: "电话",
    ChannelKind.CHAT: "在线客服",
    ChannelKind.SOCIAL: "社交媒体",
    ChannelKind.EMAIL: "邮件",
    ChannelKind.SURVEY: "问卷",
}
ROLES = {Role.CUSTOMER: "客户", Role.AGENT: "坐席", Role.BOT: "机器人", Role.SYSTEM: "系统"}
SCORES = {ScoreKind.CSAT: "满意度", ScoreKind.NPS: "推荐度", ScoreKind.CES: "费力度"}
STATES = {
    InteractionState.PENDING: "等待分析",
    InteractionState.ANALYSED: "已分析",
    InteractionState.FAILED: "分析失败",
    InteractionState.RESTRICTED: "已停止处理",
}
DELIVERIES = {
    DeliveryState.RECEIVED: "已收到",
    DeliveryState.PROCESSED: "已处理",
    DeliveryState.REJECTED: "已拒收",
    DeliveryState.CONFLICT: "内容冲突",
}
INTENT_KINDS = {"complaint": "warn", "praise": "good"}  # the tag's colour; the word is always there too


def restricted(interaction: Interaction) -> bool:
    """True where nothing but storage is left of a feedback."""
    return interaction.state is InteractionState.RESTRICTED


def quote(row: FeedbackRow) -> str:
    """The beginning of the customer's masked words, or why there are none to read."""
    if row.excerpt:
        return row.excerpt
    if restricted(row.interaction):
        return "（客户要求删除，已停止处理）"
    waiting = row.interaction.state is not InteractionState.ANALYSED
    return "（个人信息遮盖之前不显示）" if waiting else "（没有文字）"


def row_view(row: FeedbackRow, products: Mapping[str, str]) -> dict[str, Any]:
    """A feedback as a line: its words, tags and place; masked words only."""
    interaction, analysis = row.interaction, row.analysis
    unsure = bool(analysis and analysis.labels.get("intent", {}).get("abstained"))
    abstained = unsure and analysis is not None and "intent" not in analysis.corrected
    intent = display.title("intent", analysis.intent) if analysis else None
    waiting = interaction.state is not InteractionState.ANALYSED
    return {
        "id": interaction.id,
        "quote": quote(row),
        "intent": "待定" if abstained else intent,
        "intent_kind": "" if abstained or not analysis else INTENT_KINDS.get(analysis.intent, ""),
        "risks": [display.title("risk", risk) for risk in row.risks],
        "state": STATES[interaction.state] if waiting else None,
        "channel": CHANNELS[interaction.channel],
        "at": interaction.occurred_at,
        "business": display.title("business", analysis.business) if analysis else None,
        "product": products.get(interaction.product, interaction.product) if interaction.product else None,
        "branch": interaction.branch,
    }


def turns(messages: Sequence[Message], parts: Mapping[int, Sequence[Piece]]) -> list[dict[str, Any]]:
    """The turns of a talk as they are shown; what is not masked yet is left out."""
    return [
        {"role": message.role.value, "title": ROLES[message.role], "at": message.sent_at, "pieces": parts[place]}
        for place, message in enumerate(messages)
        if place in parts
    ]
