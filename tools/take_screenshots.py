"""Takes the screenshots under docs/images, of a report and a dashboard over a made log, with Debian's Chromium.

python tools/take_screenshots.py
"""

from __future__ import annotations

import shutil
import socket
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.made_log import END_S, fill
from cascade.log import open_log
from cascade.report import report
from cascade.report.page.log_page import log_document
from cascade.report.page.rendering import to_html
from cascade.serve.dashboard import dashboard
from cascade.serve.live import Live
from cascade.serve.page import View
from cascade.serve.server import make_server

FOLDER = Path(__file__).parent.parent / "docs" / "images"
LIMIT = 300_000
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run"]

PAGES = (
    # file, what is opened, what stands at the top of the picture, width, height, scheme
    ("report-overview", "report", "", 1280, 900, "light"),
    ("report-task", "report", "task-1", 1280, 1150, "light"),
    ("report-quality", "report", "task-3-frontier", 1280, 1150, "dark"),
    ("report-spending", "report", "task-3-spending", 1280, 1000, "light"),
    ("report-phone", "report", "task-1", 390, 844, "light"),
    ("report-phone-dark", "report", "task-3-frontier", 390, 844, "dark"),
    ("dashboard", "?period=30d&task=support", "", 1280, 1150, "light"),
    ("dashboard-requests", "requests?period=all&task=support&escalated=yes", "", 1280, 900, "light"),
    ("dashboard-phone", "?period=30d&task=support", "", 390, 844, "dark"),
)


def main() -> None:
    """Make a log, write its report, serve its dashboard, take the pictures."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "decisions.db"
        with open_log(path, store_text="full") as log:
            fill(log)
            made = report(log)
            page = Path(folder) / "report.html"
            # The file's name is what the page shows, and the folder is nobody's business.
            shown = to_html(log_document(made, drawn=True)).replace(str(path), "decisions.db")
            page.write_text(shown, encoding="utf-8")
            with Live(log, clock=lambda: float(END_S)) as live:
                while live.made(View(period="all")).report.total.n < made.total.n:
                    pass
                with socket.socket() as found:
                    found.bind(("127.0.0.1", 0))
                    port = found.getsockname()[1]
                server = make_server(dashboard(live, log), host="127.0.0.1", port=port, key=None)
                thread = threading.Thread(target=server.run)
                thread.start()
                while not server.started:
                    pass
                try:
                    take(page.as_uri(), f"http://127.0.0.1:{port}/", str(path))
                finally:
                    server.should_exit = True
                    thread.join()


def take(page_address: str, live_address: str, secret: str) -> None:
    """Take every picture."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        for name, what, anchor, width, height, scheme in PAGES:
            size: Any = {"width": width, "height": height}
            context = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            page = context.new_page()
            page.goto(page_address if what == "report" else live_address + what, timeout=120_000)
            if anchor:
                page.evaluate("for (const node of document.querySelectorAll('details.whole')) node.open = true")
                page.evaluate("id => document.getElementById(id).scrollIntoView()", anchor)
            page.evaluate(
                """async secret => {
                    const seen = box => {
                        const { top, bottom } = box.getBoundingClientRect();
                        return top < innerHeight && bottom > 0;
                    };
                    for (const box of [...document.querySelectorAll('.chart')].filter(seen))
                        while (!box.querySelector('.vega-embed svg')) await new Promise(done => setTimeout(done, 50));
                    const subtitle = document.querySelector('.subtitle');
                    subtitle.textContent = subtitle.textContent.replace(secret, 'decisions.db');
                }""",
                secret,
            )
            if anchor:
                page.evaluate("id => document.getElementById(id).scrollIntoView()", anchor)
            page.wait_for_timeout(300)
            file = FOLDER / f"{name}.png"
            page.screenshot(path=str(file))
            print(f"{file.name}: {file.stat().st_size:,} bytes")
            if file.stat().st_size >= LIMIT:
                sys.exit(f"{file} is larger than {LIMIT} bytes")
            context.close()
        browser.close()


if __name__ == "__main__":
    main()
