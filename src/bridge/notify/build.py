"""Channels from the settings."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.notify.dingtalk import DingtalkNotifier
from bridge.notify.feishu import FeishuNotifier
from bridge.notify.long_tail import AppriseNotifier
from bridge.notify.mail import MailNotifier
from bridge.notify.options import (
    AnyChannel,
    AppriseOptions,
    DingtalkOptions,
    EmailOptions,
    FeishuOptions,
    WebhookOptions,
    WecomOptions,
)
from bridge.notify.webhook import WebhookNotifier
from bridge.notify.wecom import WecomNotifier
from bridge.ports import Notifier


def build(channels: Mapping[str, AnyChannel]) -> dict[str, Notifier]:
    """A notifier for each channel by name; sends nothing. Raises ConfigurationError."""
    return {name: _built(name, options, f"notify.channels.{name}") for name, options in channels.items()}


def _built(name: str, options: AnyChannel, where: str) -> Notifier:
    match options:
        case EmailOptions():
            return MailNotifier(name, options, where)
        case WecomOptions():
            return WecomNotifier(name, options, where)
        case DingtalkOptions():
            return DingtalkNotifier(name, options, where)
        case FeishuOptions():
            return FeishuNotifier(name, options, where)
        case WebhookOptions():
            return WebhookNotifier(name, options, where)
        case AppriseOptions():
            return AppriseNotifier(name, options, where)
