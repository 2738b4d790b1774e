"""Every distribution that is known to share a name with ours is named, and told of where it is installed."""

from __future__ import annotations

import json

from cascade.doctor.name_clashes import CLASHES, report_names


def test_each_known_clash_is_named_whether_it_is_installed_or_not() -> None:
    told = " ".join(report.text for report in report_names(()))
    assert all(f"{clash.distribution} (" in told for clash in CLASHES)
    assert not any(report.present for report in report_names({"numpy", "calibrated-cascade"}))


def test_an_installed_one_is_told_with_the_commands_that_mend_it() -> None:
    found = {report.name: report for report in report_names({"cascade-ml", "verifiers"})}
    assert found["package cascade"].present
    assert found["command cascade"].present
    assert found["package verifiers"].present
    assert not found["distribution"].present
    assert "pip uninstall verifiers, then pip install --force-reinstall --no-deps calibrated-cascade" in (
        found["package verifiers"].text
    )
    assert "cascade-sdk" not in found["package cascade"].text


def test_the_router_with_a_similar_name_is_told_apart() -> None:
    (router,) = [clash.distribution for clash in CLASHES if clash.package is None]
    (found,) = [report for report in report_names({router}) if report.present]
    assert "it is not ours" in found.text


def test_the_doctor_shows_them(cli, folder) -> None:
    checks = {check["check"]: check["state"] for check in json.loads(cli("doctor", "--json").stdout)["checks"]}
    assert [state for check, state in checks.items() if check.startswith("name: ")] == ["ok"] * 4
