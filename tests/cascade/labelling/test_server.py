"""The labelling page: keys count, other origins do not, and text from models stays text."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from cascade.bulk.journal import Journal
from cascade.labelling import Session, lay_items
from cascade.labelling.server import LabelServer
from tests.recordings import recorded_samples

EVIL = "</script><img src=x onerror=alert(1)>\ud800"


@pytest.fixture
def server(tmp_path):
    with serving(tmp_path, recorded_samples(3, labelled=False)) as server:
        yield server


@contextmanager
def serving(folder, samples):
    with (
        Journal(folder / "s.jsonl.anna", kind="label") as journal,
        LabelServer(Session(lay_items(samples, "anna"), journal)) as server,
    ):
        yield server


def ask(server, page="", *, method="GET", body=None, path=None, **headers):
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    known = {"Origin": f"http://127.0.0.1:{server.port}", "Content-Type": "application/json"} if body else {}
    found = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path or urlsplit(server.url).path + page, body=body, headers=known | found)
    reply = connection.getresponse()
    text = reply.read()
    connection.close()
    return reply.status, reply.headers, text


def key(server, name, step, **headers):
    return ask(server, "key", method="POST", body=json.dumps({"key": name, "step": step}), **headers)


def test_a_key_labels_and_the_next_answer_is_asked_for(server):
    status, _, text = key(server, "1", 0)
    assert (status, json.loads(text)["answer"]) == (200, 1)


def test_q_ends_the_sitting(server):
    assert json.loads(key(server, "q", 0)[2])["ended"]
    assert server.ended.wait(timeout=60)


def test_every_reply_has_a_strict_policy_and_nothing_is_loaded_from_elsewhere(server):
    for page in ("", "page.js", "page.css", "state"):
        status, headers, text = ask(server, page)
        assert status == 200
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert b"http:" not in text
        assert b"https:" not in text


def test_the_page_has_no_inline_code_and_sets_no_markup(server):
    html, script = ask(server)[2].decode(), ask(server, "page.js")[2].decode()
    assert "<script>" not in html
    assert "style=" not in html
    assert "innerHTML" not in script
    assert "insertAdjacentHTML" not in script


def test_text_from_models_is_json_text(tmp_path):
    sample = recorded_samples(1, labelled=False)[0]
    evil = {k: replace(r, response=replace(r.response, text=EVIL + k)) for k, r in sample.recordings.items()}
    with serving(tmp_path, [replace(sample, recordings=evil)]) as server:
        _, headers, text = ask(server, "state")
    assert headers["Content-Type"] == "application/json"
    assert {answer["text"][:-5] for answer in json.loads(text)["answers"]} == {EVIL}


def test_who_does_not_know_the_address_learns_nothing(server):
    for path in ("/", "/state", "/wrong/state", "/../state", "/wrong/key", "/%ff/"):
        assert ask(server, path=path)[0] == 404


def test_another_host_name_is_not_answered(server):
    assert ask(server, "state", Host="evil.example")[0] == 404


def test_another_origin_cannot_label(server):
    assert key(server, "1", 0, Origin="http://evil.example")[0] == 403
    assert key(server, "1", 0, Content_Type="text/plain")[0] == 403
    assert json.loads(ask(server, "state")[2])["step"] == 0


def test_what_is_no_key_is_refused(server):
    for body, status in (("{", 400), ("[]", 400), ('{"key": 1, "step": 0}', 400), ("x" * 2000, 413)):
        assert ask(server, "key", method="POST", body=body)[0] == status
