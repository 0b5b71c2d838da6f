"""The section of a wiki page in which people write a workaround."""

from __future__ import annotations

import pytest

from bridge.usecases.workaround import section


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("", ""),
        ("h2. Cause\n\nWorkaround unknown.", ""),
        ("h2. Workaround\n\nPress *it*.\n\nTwice.", "Press *it*.\n\nTwice."),
        ("# Workaround #\nPress it.", "Press it."),
        ("h3. WORKAROUND:\r\nPress it.\r\nh3. More\r\nNo.", "Press it."),
        ("h2. Workaround\n\nOne.\n\nh3. Details\n\nTwo.\n\nh2. More\n\nNo.", "One.\n\nh3. Details\n\nTwo."),
        ("h2. Workaround\n\nh2. More\n\nNo.", ""),  # empty
        ("h2. Workaround\n\nh2. Other\n\nx\n\nh1. Workaround\n\nHere.", "Here."),
        ("h2. 临时解决方案\n\n重启。", "重启。"),
        ("## 变通方案\uff1a\n重启。", "重启。"),
        ("h2. Workaround\n\nMine.\n\n<notextile bridge-begin-evidence></notextile>\nh2. Evidence", "Mine."),
        ("## Workaround\n\nMine.\n\n[bridge-begin-evidence]:#\nNot mine.", "Mine."),
        ("h2. No workaround\n\nx", ""),
    ],
)
def test_the_section(page: str, found: str) -> None:
    assert section(page) == found
