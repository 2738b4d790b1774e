"""`cascade dashboard` refuses to start where it should."""

from __future__ import annotations

import pytest


@pytest.fixture
def logged(cli, configured):
    assert cli("run", "hello").exit_code == 0
    return configured


def test_other_machines_need_a_key(cli, logged):
    done = cli("dashboard", "decisions.db", "--host", "0.0.0.0")  # noqa: S104 - refused here
    assert (done.exit_code, "there is no key" in done.stderr) == (2, True)


def test_the_key_must_be_there(cli, logged):
    done = cli("dashboard", "decisions.db", "--key-env", "NO_SUCH_KEY")
    assert (done.exit_code, "NO_SUCH_KEY" in done.stderr) == (2, True)


def test_the_log_must_be_there(cli, folder):
    assert cli("dashboard", "absent.db").exit_code in {2, 3}
