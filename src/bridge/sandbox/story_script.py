"""What happens in the five weeks, plot by plot. Times are UTC; `1 Mon` is the Monday of the first week."""

# ruff: noqa: RUF001 - Chinese punctuation is meant where the story speaks Chinese
from __future__ import annotations

from typing import Any

from bridge.sandbox.story_verbs import (
    Step,
    adds,
    answers,
    assigns,
    closes,
    comments,
    decides,
    finishes,
    gives,
    opens,
    passes,
    remarks,
    resolves,
    starts,
    takes,
)

# Quick work that belongs where it is: opened and resolved within hours.
_EVERYDAY = (
    opens("1 Mon 07:40", "anna", "mailbox", "Mailbox of the sales team is full", service="Mail", priority=4),
    takes("1 Mon 08:05", "chen", "mailbox"),
    resolves("1 Mon 08:50", "chen", "mailbox", "mails of 2023 went to the archive"),
    opens("1 Wed 09:10", "bob", "dns", "DNS record of the new web shop is missing", service="DNS", priority=3),
    resolves("1 Wed 09:45", "bob", "dns", "record added, 5 minutes to live"),
    opens("1 Thu 12:20", "anna", "password", "Password forgotten", service="Accounts", priority=4),
    resolves("1 Thu 12:35", "anna", "password", "reset, the caller has signed in"),
    opens("2 Wed 13:15", "chen", "disk", "Disk of the build server is 95 % full", service="Servers", priority=3),
    resolves("2 Wed 15:05", "chen", "disk", "old build results removed"),
    opens("3 Fri 07:55", "bob", "headset", "Headset without sound", service="Workplace", priority=5),
    resolves("3 Fri 10:10", "anna", "headset", "driver updated"),
    opens("4 Wed 08:30", "anna", "leaver", "Forward the mails of a colleague who left", service="Mail", priority=4),
    resolves("4 Wed 11:00", "chen", "leaver", "forwarded until the end of June"),
    opens("5 Wed 10:05", "bob", "account", "Account locked after three attempts", service="Accounts", priority=4),
    resolves("5 Wed 10:25", "bob", "account", "unlocked"),
)

# A printer fails thrice within ten days: proposed, and rejected for a good reason. After that the rule is silent.
_BLANK = "Printer on floor 3 prints blank pages"
_PRINTER_FACTS: dict[str, Any] = {"service": "Printing", "category": "hardware", "ci": "printer-3f", "priority": 4}
_PRINTER = (
    opens("1 Tue 08:15", "bob", "printer 1", _BLANK, **_PRINTER_FACTS),
    resolves("1 Tue 09:30", "bob", "printer 1", "toner changed"),
    opens("1 Fri 08:40", "anna", "printer 2", _BLANK, **_PRINTER_FACTS),
    resolves("1 Fri 11:20", "bob", "printer 2", "drum cleaned"),
    opens("2 Mon 10:30", "bob", "printer 3", _BLANK, **_PRINTER_FACTS),
    resolves("2 Mon 12:45", "bob", "printer 3", "drum changed"),
    decides("2 Mon 13:30", "jane", "reject", "printer-3f", "it is leased and will be replaced this week anyway"),
    opens("2 Wed 07:45", "bob", "printer 4", _BLANK, **_PRINTER_FACTS),
    resolves("2 Wed 09:15", "bob", "printer 4", "the new printer is there"),
)

# The main plot: one router, five alerts within a fortnight, of which two were over after a restart.
_ROUTER = "berlin-core-1"
_ALERT = "Router berlin-core-1: CPU above 95 %"
_ALERT_FACTS: dict[str, Any] = {
    "service": "Network",
    "ci": _ROUTER,
    "priority": 2,
    "team": "network",
    "site": "Berlin",
    "description": "Monitoring: CPU of the routing engine above 95 % for 10 minutes.",
    "custom": {"Correlation Key": _ROUTER},
}
_ALERTS = (
    opens("1 Tue 06:40", "anna", "alert 1", _ALERT, **_ALERT_FACTS),
    takes("1 Tue 06:50", "bob", "alert 1"),
    resolves("1 Tue 07:35", "bob", "alert 1", "routing process restarted, CPU at 20 %"),
    opens("1 Fri 13:10", "bob", "alert 2", _ALERT, **_ALERT_FACTS),
    resolves("1 Fri 14:05", "anna", "alert 2", "restarted again, CPU at 25 %"),
    opens("2 Tue 05:55", "anna", "alert 3", _ALERT, **_ALERT_FACTS),
    takes("2 Tue 06:10", "bob", "alert 3"),
    comments("2 Tue 07:30", "bob", "alert 3", "a restart no longer helps, the CPU is back at 95 % after minutes"),
    opens("2 Wed 08:20", "bob", "alert 4", _ALERT, **_ALERT_FACTS),
    takes("2 Wed 08:25", "anna", "alert 4"),
    opens("2 Thu 05:30", "anna", "alert 5", _ALERT, **_ALERT_FACTS),
)
_ROUTER_PROJECT = (
    remarks("2 Thu 08:10", "jane", _ROUTER, "Please look at what changed at the beginning of March."),
    starts("2 Thu 08:30", "bob", _ROUTER, "1 "),
    comments("2 Thu 09:15", "bob", "alert 3", "the routing table grows by 2,000 routes an hour"),
    comments("2 Thu 09:40", "anna", "alert 4", "We found the cause and are working on it.", public=True),
    starts("2 Thu 11:00", "mia", _ROUTER, "2.1 "),
    assigns("2 Fri 07:20", "mia", _ROUTER, "alert 5", "bob"),
    answers("2 Fri 07:50", "mia", _ROUTER, "alert 4", "Workaround: clear the routes learnt from the test network."),
    finishes("2 Fri 09:30", "bob", _ROUTER, "1 ", note="Workaround is in the runbook."),
    finishes("2 Fri 12:00", "mia", _ROUTER, "2.1 "),
    opens("3 Mon 06:15", "anna", "alert 6", _ALERT, **_ALERT_FACTS),
    takes("3 Mon 06:30", "bob", "alert 6"),
    comments("3 Mon 06:45", "bob", "alert 6", "workaround applied, CPU at 30 %"),
    starts("3 Mon 08:00", "mia", _ROUTER, "2.2 "),
    adds("3 Tue 09:20", "mia", _ROUTER, "Ask the vendor for a firmware with a route limit"),
    resolves("3 Wed 07:10", "anna", "alert 4", "quiet since the workaround, the caller agrees"),
    finishes("3 Thu 13:00", "mia", _ROUTER, "2.2 ", "2 ", note="The test network leaks its routes into the core."),
    finishes("3 Fri 09:00", "jane", _ROUTER, "3 ", note="Filter the routes now, new firmware with a limit."),
    gives("3 Fri 09:10", "jane", _ROUTER, "4.1 ", "anna"),
    starts("4 Mon 07:30", "anna", _ROUTER, "4.1 "),
    finishes("4 Tue 14:00", "mia", _ROUTER, "Ask the vendor", note="Firmware 7.4.2 has it."),
    finishes("4 Wed 13:30", "anna", _ROUTER, "4.1 "),
    finishes("4 Thu 20:15", "mia", _ROUTER, "4.2 ", "4 ", note="Rolled out in tonight's window."),
    starts("4 Fri 07:00", "bob", _ROUTER, "5 "),
    finishes("5 Tue 08:00", "bob", _ROUTER, "5 ", note="CPU below 30 % for four days."),
    finishes("5 Tue 08:30", "jane", _ROUTER, "6 "),
    closes("5 Tue 08:40", "jane", _ROUTER),
)

# An incident that drags on: after three days the bridge proposes a project, and a person approves it.
_INVOICES = "Invoices cannot be printed since the ERP update"
_DRAGS_ON = (
    opens("2 Mon 08:30", "chen", "invoices", _INVOICES, service="ERP", ci="erp-prod", team="servers", priority=3),
    takes("2 Mon 08:45", "chen", "invoices"),
    comments("2 Tue 10:00", "chen", "invoices", "the vendor asks for traces, sent them"),
    comments("2 Wed 14:00", "chen", "invoices", "Please print from the old client until then.", public=True),
    passes("2 Thu 08:40", "the invoices have been waiting for more than three days"),
    decides("2 Fri 08:20", "jane", "approve", _INVOICES, "no invoice waits longer than an hour"),
    starts("2 Fri 10:15", "ben", _INVOICES, "1 "),
    finishes("3 Mon 09:00", "ben", _INVOICES, "1 ", "2 "),
    starts("3 Mon 09:30", "ben", _INVOICES, "3.1 "),
    answers("3 Wed 12:30", "ben", _INVOICES, "invoices", "It is the new print service; we test it with a patch."),
    finishes("4 Mon 15:00", "ben", _INVOICES, "3.1 "),
    finishes("4 Wed 16:30", "ben", _INVOICES, "3.2 ", "3 ", note="Patch is in production."),
    finishes("4 Thu 08:00", "ben", _INVOICES, "4 "),
    closes("4 Thu 08:10", "ben", _INVOICES),
    resolves("4 Thu 12:40", "chen", "invoices", "the user has printed the invoices of March"),
)

# 上海: titles, notes and names in Chinese. This project is still being worked on when the story ends.
_SITE = "上海"
_BROKEN = "上海办公室 VPN 频繁断线"
_VPN_FACTS: dict[str, Any] = {"service": "VPN", "site": _SITE, "team": "servers", "priority": 2}
_SHANGHAI = (
    opens("3 Wed 01:30", "chen", "vpn 1", _BROKEN, **_VPN_FACTS),
    resolves("3 Wed 03:10", "chen", "vpn 1", "重启网关后恢复"),
    opens("3 Fri 02:15", "chen", "vpn 2", "上海远程接入再次中断", **_VPN_FACTS),
    resolves("3 Fri 04:00", "chen", "vpn 2", "切换到备用线路"),
    opens("4 Mon 01:20", "chen", "vpn 3", _BROKEN, **_VPN_FACTS),
    takes("4 Mon 01:25", "chen", "vpn 3"),
    comments("4 Mon 02:40", "chen", "vpn 3", "已重启网关，仍然断线"),
    starts("4 Tue 02:00", "li", _SITE, "1 "),
    answers("4 Tue 03:30", "li", _SITE, "vpn 3", "运营商确认线路有丢包，工单 4711"),
    finishes("4 Thu 06:00", "li", _SITE, "1 ", note="目标：断线每月少于一次"),
    starts("4 Fri 02:30", "li", _SITE, "2 "),
    finishes("5 Thu 07:00", "li", _SITE, "2 "),
)

_QUIET = (
    passes("1 Sat 12:00", "a weekend"),
    passes("2 Sun 12:00", "a weekend"),
    passes("3 Sun 12:00", "a weekend"),
    passes("4 Sun 12:00", "a weekend, and the router is quiet"),
    passes("5 Tue 09:00", "the router's incidents are over"),
    passes("5 Thu 12:00", "a quiet day"),
    passes("5 Fri 12:00", "a quiet day"),
    passes("5 Fri 16:00", "the end of the fifth week: no alert of the router for two weeks"),
)

STEPS: tuple[Step, ...] = (*_EVERYDAY, *_PRINTER, *_ALERTS, *_ROUTER_PROJECT, *_DRAGS_ON, *_SHANGHAI, *_QUIET)
