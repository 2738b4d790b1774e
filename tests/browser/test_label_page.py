"""The labelling page in a real browser: keys alone, models' markup as text, nothing blocked and nothing run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cascade.bulk.journal import Journal
from cascade.labelling import Session, lay_items
from cascade.labelling.server import LabelServer
from tests.browser.waiting import until
from tests.recordings import recorded_samples

pytestmark = pytest.mark.browser

EVIL = "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>"


def test_two_samples_are_labelled_by_keys_alone(tmp_path, page):
    samples = [
        replace(
            s, recordings={k: replace(r, response=replace(r.response, text=EVIL + k)) for k, r in s.recordings.items()}
        )
        for s in recorded_samples(2, labelled=False)
    ]
    session_of = lay_items(samples, "anna")
    with Journal(tmp_path / "s.jsonl.anna", kind="label") as journal:
        session = Session(session_of, journal)
        with LabelServer(session) as server:
            page.goto(server.url)
            until(page, "document.querySelectorAll('article').length === 2")
            assert page.evaluate("document.querySelector('article pre').textContent").startswith(EVIL)
            for step, key in enumerate(("1", "0", "Backspace", "2", "1", "s"), start=1):
                page.keyboard.press(key)
                until(page, f"shown.step === {step}")
            until(page, "document.getElementById('progress').textContent.startsWith('All 2')")
            page.keyboard.press("q")
            until(page, "document.getElementById('progress').textContent.startsWith('Saved')")
            assert server.ended.wait(timeout=60)
        assert page.evaluate("window.hacked") is None
    assert sorted(v["correct"] for said in session.labels().values() for v in said.values()) == [0.5, 1.0, 1.0]


PHONE = {"width": 390, "height": 780}


@pytest.mark.parametrize("size", [{"width": 1280, "height": 900}, PHONE], ids=["desk", "phone"])
def test_answers_are_labelled_by_buttons_alone_and_json_shows_what_differs(tmp_path, page, size):
    page.set_viewport_size(size)
    texts = {"small": '{"city": "Lyon", "qty": 3}', "large": '{"qty": 35, "city": "Lyon"}'}
    samples = [
        replace(
            s,
            gold={"city": "Lyon", "qty": 3},
            recordings={k: replace(r, response=replace(r.response, text=texts[k])) for k, r in s.recordings.items()},
        )
        for s in recorded_samples(2, labelled=False)
    ]
    with Journal(tmp_path / "s.jsonl.anna", kind="label") as journal:
        session = Session(lay_items(samples, "anna", show_gold=True), journal)
        with LabelServer(session) as server:
            page.goto(server.url)
            until(page, "document.querySelectorAll('article').length === 2")
            marked = page.evaluate("[...document.querySelectorAll('article .differs')].map((one) => one.textContent)")
            assert marked == ['  "qty": 35']
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "nothing is cut off"
            buttons = page.evaluate("[...document.querySelectorAll('#buttons button')].map((b) => b.dataset.key)")
            assert buttons == ["1", "0", "2", "s", "u", "q"]
            page.screenshot(path=str(tmp_path / "page.png"))
            for step, key in enumerate(("1", "0", "u", "2", "1", "0"), start=1):
                page.click(f"#buttons [data-key='{key}']")
                until(page, f"shown.step === {step}")
            until(page, "document.querySelectorAll('#buttons button').length === 2")
            page.click("#buttons [data-key='q']")
            until(page, "document.getElementById('progress').textContent.startsWith('Saved')")
            assert server.ended.wait(timeout=60)
    assert sorted(v["correct"] for said in session.labels().values() for v in said.values()) == [0.0, 0.5, 1.0, 1.0]
