"""What spreadsheets call our fields, and what they call channels. Extend these tables, not the code."""

from app.channels.kinds import ChannelKind

# Compared without spaces, case and underscores; the first match of a header wins.
HEADERS: dict[str, tuple[str, ...]] = {
    "external_id": ("外部编号", "编号", "工单号", "工单编号", "流水号", "记录编号", "id", "externalid", "caseid"),
    "channel": ("渠道", "渠道类型", "来源渠道", "channel"),
    "sub_channel": ("子渠道", "来源", "平台", "subchannel", "source"),
    "occurred_at": (
        "时间",
        "发生时间",
        "反馈时间",
        "创建时间",
        "提交时间",
        "日期",
        "来电时间",
        "occurredat",
        "time",
        "date",
    ),
    "customer_ref": ("客户", "客户号", "客户编号", "客户标识", "customerref", "customer"),
    "subject": ("主题", "标题", "subject", "title"),
    "text": (
        "内容",
        "反馈内容",
        "正文",
        "原文",
        "留言",
        "评价",
        "评论",
        "客户原声",
        "意见",
        "text",
        "content",
        "comment",
    ),
    "csat": ("评分", "满意度", "满意度评分", "打分", "星级", "csat", "score", "rating"),
    "nps": ("nps", "推荐意愿", "净推荐值"),
    "product": ("产品", "产品代码", "product"),
    "branch": ("网点", "支行", "机构", "branch"),
    "region": ("地区", "区域", "城市", "分行", "region", "city"),
    "revision": ("版本", "修订", "revision"),
    "updated_at": ("更新时间", "修改时间", "updatedat"),
}

CHANNELS: dict[str, ChannelKind] = {
    "电话": ChannelKind.PHONE,
    "热线": ChannelKind.PHONE,
    "95600热线": ChannelKind.PHONE,
    "外呼回访": ChannelKind.PHONE,
    "客服电话": ChannelKind.PHONE,
    "在线客服": ChannelKind.CHAT,
    "手机银行在线客服": ChannelKind.CHAT,
    "微信公众号": ChannelKind.CHAT,
    "企业微信": ChannelKind.CHAT,
    "微信": ChannelKind.CHAT,
    "小红书": ChannelKind.SOCIAL,
    "微博": ChannelKind.SOCIAL,
    "抖音": ChannelKind.SOCIAL,
    "知乎": ChannelKind.SOCIAL,
    "贴吧": ChannelKind.SOCIAL,
    "黑猫投诉": ChannelKind.SOCIAL,
    "应用商店": ChannelKind.SOCIAL,
    "应用商店评论": ChannelKind.SOCIAL,
    "社交媒体": ChannelKind.SOCIAL,
    "邮件": ChannelKind.EMAIL,
    "邮箱": ChannelKind.EMAIL,
    "客服邮箱": ChannelKind.EMAIL,
    "监管转办": ChannelKind.EMAIL,
    "问卷": ChannelKind.SURVEY,
    "调查问卷": ChannelKind.SURVEY,
    "短信回访": ChannelKind.SURVEY,
    "网点评价器": ChannelKind.SURVEY,
    "app弹窗": ChannelKind.SURVEY,
} | {kind.value: kind for kind in ChannelKind}


def plain(header: str) -> str:
    """A header as it is compared."""
    return "".join(header.split()).replace("_", "").replace("-", "").casefold()


def guess(headers: list[str], mapping: dict[str, str]) -> dict[str, int]:
    """Which column holds each field. `mapping` (field to header) is obeyed; the other fields are guessed.

    Raises ValueError, in Chinese, where `mapping` names a field or a column that is not there.
    """
    unknown = [name for name in mapping if name not in HEADERS]
    absent = [header for header in mapping.values() if header not in headers]
    if unknown or absent:
        raise ValueError(
            "列对应写错了：" + "、".join([f"没有字段 {name}" for name in unknown] + [f"没有列 {h}" for h in absent])
        )
    columns = {name: headers.index(header) for name, header in mapping.items()}
    known = [plain(header) for header in headers]
    for name, words in HEADERS.items():
        free = [known.index(word) for word in words if word in known and known.index(word) not in columns.values()]
        if name not in columns and free:
            columns[name] = free[0]
    return columns
