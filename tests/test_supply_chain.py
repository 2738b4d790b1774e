"""Nothing in the tree runs what it reads, and nothing tells of the machine that it was written on."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

from cascade.doctor.checks import BROKEN_LITELLM
from tests.checkout import PACKAGES, ROOT, checked_in

RUNS_WHAT_IT_READS = {"pickle", "cPickle", "dill", "marshal", "shelve", "cloudpickle", "joblib"}

# Put together from pieces, so that this file does not name what it forbids.
FOLDERS = "|".join(["work", "root", "home" + "/[a-z]", "tmp/bash" + "_jobs"])
MACHINE_PATH = re.compile(rf"(?<![\w.])/(?:{FOLDERS})/")
HOSTS = ["pypi" + r"\.org", "python" + r"hosted\.org", "npm" + r"js\.org", "index-url[ =]" + "http"]
REGISTRY = re.compile("|".join(HOSTS))
TEXT = {".py", ".md", ".toml", ".lock", ".in", ".json", ".yaml", ".yml", ".txt", ".sh", ".ipynb", ".html", ""}


def modules() -> Iterator[tuple[Path, ast.Module]]:
    """Give every module that is ours, parsed."""
    for path in checked_in(*PACKAGES, "tools", "benchmarks"):
        if path.suffix == ".py":
            yield path, ast.parse((ROOT / path).read_text(encoding="utf-8"))


UNSAFE_YAML = {"unsafe_load", "unsafe_load_all", "full_load", "full_load_all"}
SHELLS = {"system", "popen", "getoutput", "getstatusoutput", "create_subprocess_shell"}


def dangers(node: ast.AST) -> list[str]:
    """Name what in one node could run foreign input."""
    match node:
        case ast.Import(names=names):
            return [name.name for name in names if name.name.partition(".")[0] in RUNS_WHAT_IT_READS]
        case ast.ImportFrom(module=str(module)) if module.partition(".")[0] in RUNS_WHAT_IT_READS:
            return [module]
        case ast.Call(func=ast.Name(id="eval" | "exec" | "compile" | "__import__" as name)):
            return [name]
        case ast.Call(func=ast.Attribute(value=ast.Name(id="builtins"), attr="eval" | "exec" | "compile" as name)):
            return [name]
        case ast.Call(func=ast.Attribute(value=ast.Name(), attr=name)) if name in SHELLS:
            return [name]
        case ast.Call(func=ast.Attribute(value=ast.Name(id="yaml"), attr=name)) if name in UNSAFE_YAML:
            return [f"yaml.{name}"]
        case ast.Call(func=ast.Attribute(value=ast.Name(id="yaml"), attr="load" | "load_all")):
            loaders = [*node.args[1:], *(word.value for word in node.keywords if word.arg == "Loader")]
            # A bare name is a loader of our own; the next test but one looks at what those are made of.
            return (
                [] if any(isinstance(one, ast.Name) or "Safe" in ast.unparse(one) for one in loaders) else ["yaml.load"]
            )
        case ast.Call(func=ast.Attribute(value=ast.Name(id="torch"), attr="load")):
            return ["torch.load"]
        case ast.Attribute(attr="extractall" | "read_pickle" as name):
            return [name]
        case ast.keyword(arg="allow_pickle" | "shell" as name, value=value):
            return [name] if not (isinstance(value, ast.Constant) and value.value is False) else []
    return []


def test_no_module_runs_what_it_reads() -> None:
    found = [f"{path}: {what}" for path, tree in modules() for node in ast.walk(tree) for what in dangers(node)]
    assert not found


def test_the_check_sees_what_it_should() -> None:
    bad = (
        "import pickle", "from joblib import load", "eval(x)", "yaml.load(x, yaml.Loader)", "yaml.unsafe_load_all(x)",
        "np.load(x, allow_pickle=True)", "np.load(x, allow_pickle=maybe)", "subprocess.run(x, shell=True)",
        "os.system(x)", "os.popen(x)", "compile(x, y, 'exec')", "__import__(x)", "builtins.exec(x)", "torch.load(x)",
        "archive.extractall(x)", "asyncio.create_subprocess_shell(x)", "subprocess.getoutput(x)",
    )  # fmt: skip
    for line in bad:
        assert [what for node in ast.walk(ast.parse(line)) for what in dangers(node)], line
    good = "np.load(x, allow_pickle=False)\nre.compile(x)\nyaml.load(x, Loader=yaml.SafeLoader)\njson.load(x)"
    assert not [what for node in ast.walk(ast.parse(good)) for what in dangers(node)]


def test_yaml_loaders_of_our_own_are_safe_ones() -> None:
    ours = [node for _, tree in modules() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    bases = [ast.unparse(base) for node in ours for base in node.bases]
    # BaseLoader makes strings only, SafeLoader plain data; the others build objects.
    assert not [base for base in bases if re.fullmatch(r"yaml\.(?!C?(?:Safe|Base))\w*Loader", base)]


def test_the_engine_never_imports_litellm_s_proxy() -> None:
    named = [
        f"{path}: {name}"
        for path, tree in modules()
        for node in ast.walk(tree)
        for name in (
            [one.name for one in node.names]
            if isinstance(node, ast.Import)
            else [str(node.module)]
            if isinstance(node, ast.ImportFrom)
            else [node.value]
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
            else []
        )
        if name.startswith("litellm.proxy")
    ]
    assert not named


def test_releases_of_litellm_that_must_not_be_used_are_excluded_wherever_one_is_chosen() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (allowed,) = [Requirement(one) for one in project["dependencies"] if one.startswith("litellm")]
    for bad in ("1.82.7", "1.82.8", "1.106.1", "1.106.2", "1.107.0", "1.107.3"):
        assert bad not in allowed.specifier
        assert any(bad == known or (known.endswith(".") and bad.startswith(known)) for known in BROKEN_LITELLM)
    for lock in ("requirements.lock", "requirements-dev.lock"):
        (pinned,) = re.findall(r"^litellm==([\w.]+)", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE)
        assert pinned in allowed.specifier


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    texts = {path: (ROOT / path).read_text(encoding="utf-8") for path in checked_in() if path.suffix in TEXT}
    assert not {str(path) for path, text in texts.items() if MACHINE_PATH.search(text) or REGISTRY.search(text)}
