"""Nothing in the tree runs what it reads, and nothing tells of the machine that it was written on."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

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


def dangers(node: ast.AST) -> list[str]:
    """Name what in one node could run foreign input."""
    match node:
        case ast.Import(names=names):
            return [name.name for name in names if name.name.partition(".")[0] in RUNS_WHAT_IT_READS]
        case ast.ImportFrom(module=str(module)) if module.partition(".")[0] in RUNS_WHAT_IT_READS:
            return [module]
        case ast.Call(func=ast.Name(id="eval" | "exec" as name)):
            return [name]
        case ast.Call(func=ast.Attribute(value=ast.Name(id="yaml"), attr=("unsafe_load" | "full_load") as name)):
            return [f"yaml.{name}"]
        case ast.Call(func=ast.Attribute(value=ast.Name(id="yaml"), attr="load" | "load_all")):
            loaders = [*node.args[1:], *(word.value for word in node.keywords if word.arg == "Loader")]
            # A bare name is a loader of our own; the next test but one looks at what those are made of.
            return (
                [] if any(isinstance(one, ast.Name) or "Safe" in ast.unparse(one) for one in loaders) else ["yaml.load"]
            )
        case ast.keyword(arg="allow_pickle" | "shell" as name, value=ast.Constant(value=True)):
            return [name]
    return []


def test_no_module_runs_what_it_reads() -> None:
    found = [f"{path}: {what}" for path, tree in modules() for node in ast.walk(tree) for what in dangers(node)]
    assert not found


def test_the_check_sees_what_it_should() -> None:
    bad = "import pickle\nfrom joblib import load\neval(x)\nyaml.load(x, yaml.Loader)\nnp.load(x, allow_pickle=True)"
    assert len([what for node in ast.walk(ast.parse(bad)) for what in dangers(node)]) == 5


def test_yaml_loaders_of_our_own_are_safe_ones() -> None:
    ours = [node for _, tree in modules() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    bases = [ast.unparse(base) for node in ours for base in node.bases]
    # BaseLoader makes strings only, SafeLoader plain data; the others build objects.
    assert not [base for base in bases if re.fullmatch(r"yaml\.(?!C?(?:Safe|Base))\w*Loader", base)]


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    texts = {path: (ROOT / path).read_text(encoding="utf-8") for path in checked_in() if path.suffix in TEXT}
    assert not {str(path) for path, text in texts.items() if MACHINE_PATH.search(text) or REGISTRY.search(text)}
