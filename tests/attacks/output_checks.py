"""Checks of what goes out: terminals, cells, markdown, the database, the labelling page."""

from __future__ import annotations

import csv
import io
import json
import socket
import sqlite3
import unicodedata
from collections import Counter
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from markdown_it import MarkdownIt
from rich.console import Console

from cascade.cli.shared.label_terminal import _seen
from cascade.display.sanitize import cell, cell_text, one_line, printable, spell_in_json
from cascade.log import open_log
from cascade.report import report
from cascade.report.page.log_page import log_document
from cascade.report.page.rendering import to_html
from cascade.report.tables.markdown import written
from tests.attacks.matrix import Case
from tests.cascade.labelling.test_server import serving
from tests.cascade.log.decisions import decided
from tests.cascade.report.page.test_page import Seen
from tests.opinions import ladder, policy
from tests.recordings import recorded_samples

UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
KEPT = "\n\u200c\u200d"


def harmless(text: str, more: str = "") -> bool:
    """Tell whether a text can neither steer a terminal nor hide anything."""
    return not any(unicodedata.category(one) in UNSEEN and one not in KEPT + more for one in text)


def shown(case: Case, folder: Path) -> None:
    """On a terminal it is text: in answers, lines, JSON, reports, tables and the labelling session."""
    text = case.input
    assert harmless(printable(text), "\t")
    assert harmless(one_line(text))
    assert len(one_line(text).splitlines()) <= 1
    as_json = spell_in_json(json.dumps({"text": text}, ensure_ascii=False))
    assert harmless(as_json)
    assert json.loads(as_json) == {"text": text}
    assert harmless(_printed(report_of(text, folder)))
    answer = {"letter": "A", "text": text, "labels": {}}
    state = {"finished": False, "answers": [answer], "answer": 0, "done": 0, "total": 1, "task": "t", "gold": text}
    state |= {"messages": [{"role": text, "text": text}], "dimension": "correct", "help": "h"}
    console = Console(file=io.StringIO(), width=100, color_system=None)
    console.print(*_seen(state), sep="\n")
    assert isinstance(console.file, io.StringIO)
    assert harmless(console.file.getvalue())


def as_cell(case: Case, folder: Path) -> None:
    """In a spreadsheet it is text, comes back as it was, and numbers stay numbers."""
    del folder
    file = io.StringIO(newline="")
    csv.writer(file, quoting=csv.QUOTE_NONNUMERIC).writerow([cell(case.input), -1, cell("plain")])
    assert file.getvalue().startswith("\"'")
    file.seek(0)
    ((text, number, plain),) = csv.reader(file)
    assert (cell_text(text), number, plain) == (case.input, "-1", "plain")


def markup(case: Case, folder: Path) -> None:
    """In a report, as markdown or as HTML, it is no markup; the labelling page allows no script but its own."""
    made = report_of(case.input, folder)
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(written(made))
    for tag in ("<script", "<img", "<svg", "<iframe", "<a ", "<!--", "<textarea", "<style", "<math", "<object"):
        assert tag not in html.lower()
    page = to_html(log_document(made, drawn=False))
    assert _elements(page) == _tame_elements()
    (allowed,) = [one["content"] or "" for _, one in Seen(page).elements if "http-equiv" in one]
    assert allowed.startswith("default-src 'none'")
    samples = recorded_samples(2, labelled=False)
    with serving(folder, samples) as server:
        served = raw(server, f"GET {_path(server)} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode())
    assert b"default-src 'none'; script-src 'self'" in served
    assert b"unsafe-" not in served


def _elements(page: str) -> Counter[tuple[str, ...]]:
    """Count the elements of a page by name and attributes."""
    return Counter((tag, *sorted(attributes)) for tag, attributes in Seen(page).elements)


@cache
def _tame_elements() -> Counter[tuple[str, ...]]:
    """Count those of the page of a log in which nothing is hostile."""
    with TemporaryDirectory() as folder:
        return _elements(to_html(log_document(report_of("tame", Path(folder)), drawn=False)))


def stored(case: Case, folder: Path) -> None:
    """It is stored as it is, bound and never spliced in: no table is missing, no filter finds more than it should."""
    path = folder / "decisions.db"
    with open_log(path, store_text="full") as log:
        before = _tables(path)
        for number, tags in enumerate(({"k": case.input}, {"k": "other"})):
            rungs = ladder(case.input if number == 0 else "small", "large")
            fitted = policy(rungs, (0.5, 0.0))
            about = {"principal": case.input, "session": case.input, "group": case.input} if number == 0 else {}
            log.write(*decided(f"{number}{case.input}", "0.9", rungs=rungs, fitted=fitted, tags=tags, **about))
        log.flush()
        log.label(f"0{case.input}", 1.0)
        found = report(log, by="k")
        log.flush()
    assert _tables(path) == before
    assert _count(path) == 2
    assert found is not None
    texts = [json.dumps(row, default=str, ensure_ascii=False) for row in _rows(path)]
    quoted = json.dumps(case.input, ensure_ascii=False)[1:-1]
    assert any(quoted in text or json.dumps(quoted)[1:-1] in text for text in texts)


def page_refused(case: Case, folder: Path) -> None:
    """The labelling page answers this with the status that is expected, tells nothing, and goes on serving."""
    with serving(folder, recorded_samples(2, labelled=False)) as server:
        fields = {"PATH": _path(server), "HOST": f"127.0.0.1:{server.port}", "PORT": str(server.port)}
        text = case.input
        for name, value in fields.items():
            text = text.replace(f"@{name}@", value)
        reply = raw(server, text.encode("utf-8", "surrogatepass"))
        assert any(
            reply.startswith(f"HTTP/1.{n} {status}".encode()) for n in "01" for status in case.expected["status"]
        )
        assert b"question" not in reply
        assert _path(server).strip("/").encode() not in reply
        good = f"GET {_path(server)}state HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n"
        assert raw(server, good.encode()).startswith(b"HTTP/1.0 200")


def raw(server: Any, data: bytes) -> bytes:
    """Send bytes, and return all that comes back."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            parts = iter(lambda: connection.recv(65536), b"")
            return b"".join(parts)
        except OSError:  # it hung up before everything was sent
            return b"HTTP/1.0 000 hung up"


def report_of(text: str, folder: Path) -> Any:
    """Return the report of a log whose rungs, models and tags were named by an enemy."""
    rungs = ladder(text or "small", "large")
    fitted = policy(rungs, (0.5, 0.0))
    with open_log(folder / "report.db") as log:
        for number in range(4):
            answers = ("0.9",) if number else ("0.1", "0.9")
            log.write(*decided(f"r-{number}", *answers, rungs=rungs, fitted=fitted, tags={"k": text}))
            log.flush()
            log.label(f"r-{number}", 1.0)
        return report(log, by="k")


def _printed(made: Any) -> str:
    console = Console(file=io.StringIO(), width=100, color_system=None)
    console.print(made)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def _path(server: Any) -> str:
    return "/" + server.url.split("/", 3)[3]


def _tables(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as database:
        return sorted(name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'"))


def _count(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        found: int = database.execute("SELECT count(*) FROM decisions").fetchone()[0]
        return found


def _rows(path: Path) -> list[Any]:
    with closing(sqlite3.connect(path)) as database:
        return [row for table in _tables(path) for row in database.execute(f'SELECT * FROM "{table}"')]  # noqa: S608 - our own
