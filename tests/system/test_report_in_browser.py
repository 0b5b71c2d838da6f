"""A report's page in a browser: what it shows, and that nothing runs over the edge of a screen."""

from __future__ import annotations

import json
import re
import subprocess
from html import escape, unescape
from pathlib import Path

import pytest

from bridge.report import html
from tests.system.report_sample import full_report

LONG = "A-very-long-name-without-a-blank-" * 6
PROBE = """<!doctype html><meta charset="utf-8"><body>{frames}<pre id="seen"></pre><script>
addEventListener("load", () => {{
  const seen = [...document.querySelectorAll("iframe")].map(frame => {{
    const page = frame.contentDocument, root = page.documentElement;
    return {{ wide: root.scrollWidth, room: root.clientWidth, title: page.title,
      heading: page.querySelector("h1").innerText,
      facts: [...page.querySelectorAll(".fact b")].map(one => one.innerText),
      drawn: [...page.querySelectorAll("svg.chart")].map(one => one.getBoundingClientRect().height > 100),
      words: [...page.querySelectorAll("svg text")].map(one => one.textContent).join(" ") }};
  }});
  document.getElementById("seen").textContent = JSON.stringify(seen);
}});
</script>"""


@pytest.mark.real
def test_a_page_fits_wide_and_narrow_screens(tmp_path: Path) -> None:
    """Debian's Chromium at 1280 and 390 pixels: titles, numbers, charts with their words, no overflow."""
    frames = "".join(
        f'<iframe srcdoc="{escape(html.page(full_report(name)))}" style="width: {width}px; height: 9000px; border: 0">'
        "</iframe>"
        for width in (1280, 390)
        for name in ("Router 核心", LONG)
    )
    probe = tmp_path / "probe.html"
    probe.write_text(PROBE.format(frames=frames), encoding="utf-8")
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    done = subprocess.run(
        [*command, "--window-size=1400,2200", "--dump-dom", probe.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    found = re.search(r'<pre id="seen">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found, done.stderr[-500:]
    pages = json.loads(unescape(found[1]))
    assert [page["room"] for page in pages] == [1280, 1280, 390, 390]
    for page in pages:
        assert page["wide"] <= page["room"], page["title"]
        assert page["title"] == page["heading"]
        assert page["facts"] == ["2026-12-04", "12.5"]
        assert page["drawn"] == [True] * 3
    assert "Router 核心" in pages[0]["words"]
    assert "critical" in pages[0]["words"]
