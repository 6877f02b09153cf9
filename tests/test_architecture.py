"""The house rules that no linter knows: each test reads the sources and names the lines that break one."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tokenize
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.channels import CHANNELS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
THIS = Path("tests/test_architecture.py")
TERMINAL = ("app/cli.py", "app/commands/", "app/__main__.py")


@cache
def tracked(*suffixes: str) -> list[Path]:
    """Files that are, or are about to be, in the repository, relative to its root."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    files = [Path(name) for name in names if not suffixes or name.endswith(suffixes)]
    return [file for file in files if (ROOT / file).exists()]


@cache
def text(file: Path) -> str:
    """What a file says; goldens may be in other encodings, or a spreadsheet."""
    return (ROOT / file).read_text(encoding="utf-8", errors="replace")


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(text(file), filename=str(file))


def modules(*folders: str) -> list[Path]:
    return [file for file in tracked(".py") if file.parts[0] in folders]


def calls(*folders: str) -> Iterator[tuple[Path, ast.Call, str]]:
    """Every call in these packages, with the dotted name of what is called."""
    for file in modules(*folders):
        for node in ast.walk(tree(file)):
            if isinstance(node, ast.Call):
                yield file, node, ast.unparse(node.func)


def imports(file: Path) -> set[str]:
    """First parts of the modules that a file imports."""
    names: set[str] = set()
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


def lines(pattern: str, files: list[Path]) -> list[str]:
    """`file:line` of every line that matches."""
    wanted = re.compile(pattern)
    return [
        f"{file}:{number}"
        for file in files
        for number, line in enumerate(text(file).splitlines(), 1)
        if wanted.search(line)
    ]


def test_only_the_store_commits() -> None:
    found = [
        f"{file}:{call.lineno}"
        for file, call, name in calls("app")
        if name.rpartition(".")[2] in {"commit", "rollback"} and file.parts[:2] != ("app", "store")
    ]
    assert found == []


def test_only_commands_print() -> None:
    found = [
        f"{file}:{call.lineno}"
        for file, call, name in calls("app", "nlp")
        if name == "print" and not str(file).startswith(TERMINAL)
    ]
    assert found == []


def test_one_clock() -> None:
    """The demo and the tests set the time; a second source of it would not follow."""
    asks = re.compile(r"(^|\.)(datetime\.(now|utcnow|today)|date\.today|time\.time)$")
    found = [
        f"{file}:{call.lineno}"
        for file, call, name in calls("app", "nlp")
        if asks.search(name) and file.name != "clock.py"
    ]
    assert found == []


def test_nothing_is_unpickled() -> None:
    """A model file that can run code is a way into the bank; artifacts are safetensors and JSON."""
    packers = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
    found = [str(file) for file in modules("app", "nlp", "training") if imports(file) & packers]
    found += [
        f"{file}:{call.lineno}"
        for file, call, name in calls("app", "nlp", "training")
        if name == "torch.load" and "weights_only=True" not in ast.unparse(call)
    ]
    assert found == []


def test_pages_load_nothing_from_outside() -> None:
    served = [file for file in tracked(".html", ".css", ".js", ".svg") if file.parts[0] == "app"]
    assert lines(r"https?://(?!www\.w3\.org/|127\.0\.0\.1)|(src|href)=[\"']//|@import", served) == []


def test_pages_hold_no_inline_script_or_style() -> None:
    """The content security policy allows neither, so they would silently do nothing."""
    served = [file for file in tracked(".html") if file.parts[0] == "app"]
    assert lines(r"<script(?![^>]*\bsrc=)|\son[a-z]+=[\"']|\sstyle=[\"']|\|\s*safe\b", served) == []


def test_files_stay_readable() -> None:
    """Migrations are written by Alembic and read once."""
    written = modules("app", "nlp", "training", "tests", ".ci") + tracked(".html")
    counted = {str(file): text(file).count("\n") for file in written if "versions" not in file.parts}
    assert {file: count for file, count in counted.items() if count > 300} == {}


def test_every_exception_from_a_rule_says_why() -> None:
    directive = re.compile(r"#\s*(?:noqa|type:\s*ignore)(?::\s*[A-Z0-9, ]+?|\[[a-z, -]+\])?(?=\s|$)(?P<why>.*)")
    found = []
    for file in modules("app", "nlp", "training", "tests", ".ci"):
        with (ROOT / file).open("rb") as source:
            for token in tokenize.tokenize(source.readline):
                match = directive.search(token.string) if token.type == tokenize.COMMENT else None
                if match and len(match["why"].strip(" #-:")) < 5:
                    found.append(f"{file}:{token.start[0]}")
    assert found == []


def test_nothing_is_left_for_later() -> None:
    files = [file for file in modules("app", "nlp", "training", "tests") if file != THIS]
    unfinished = r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError"
    passed_over = r"pytest\.(skip|importorskip|mark\.skip|mark\.xfail)"
    assert lines(f"{unfinished}|{passed_over}", files) == []


def test_no_registry_and_no_machine_is_named() -> None:
    """An install must work from a bank's own mirror, wherever the clone lies."""
    registries = r"pypi\.org|pythonhosted|pytorch\.org/whl|huggingface\.co|hf\.co/|docker\.io|ghcr\.io"
    networks = r"npmjs|unpkg|jsdelivr|cdnjs|mirrors?\.[a-z]+\."
    places = r"(?<![\w.])/(work|root|home/\w+)/|/opt/(pypi|wheels)"
    data = (".jsonl", ".csv", ".json", ".safetensors")
    files = [file for file in tracked() if file != THIS and file.suffix not in data]
    assert lines(f"{registries}|{networks}|{places}", files) == []


def test_a_complaining_text_is_not_called_a_complaint() -> None:
    """投诉 is the regulated word; the intent `complaint` is shown as 不满."""
    files = [file for file in tracked(".py", ".html", ".json") if file.parts[0] in {"app", "nlp", "data"}]
    assert lines(r"[\"']complaint[\"']\s*[:,]\s*(\{[^}]*)?[\"']投诉", files) == []


def test_settings_are_not_built_at_import() -> None:
    found = [
        f"{file}:{node.lineno}"
        for file in modules("app")
        for node in tree(file).body
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.Expr) and re.search(r"\bSettings\(", ast.unparse(node))
    ]
    assert found == []


@pytest.mark.parametrize("module", ["app.tracker.effect", "app.cli", "app.main"])
def test_what_needs_no_model_starts_without_it(module: str) -> None:
    """Torch and the topic libraries cost seconds: `--help`, the console and an estimate must not wait for them."""
    heavy = "{'torch', 'bertopic', 'transformers', 'sklearn', 'pandas'}"
    program = f"import sys, {module}; print(*sorted({heavy} & sys.modules.keys()))"
    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
    assert loaded.stdout.split() == []


def test_every_format_has_a_golden() -> None:
    golden = ROOT / "tests" / "golden" / "channels"
    assert [name for name in CHANNELS if not list((golden / name).glob("*.expected.json"))] == []


@pytest.mark.parametrize("listed", ["CHANNELS", "PAGES", "PERMISSIONS", "TRANSITIONS", "tasks"])
def test_every_list_has_a_contract_test(listed: str) -> None:
    """A test that runs over the list tests a new entry without new plumbing."""
    tests = [file for file in tracked(".py") if file.parts[:2] == ("tests", "app")]
    assert lines(rf"^from app\..* import (.*\b)?{listed}\b|\.{listed}\b", tests) != []


def test_endpoints_wait_for_the_commit() -> None:
    """Else FastAPI ends a yield-dependency after the response is sent: a failed commit would look like success."""
    found = [
        f"{file}:{call.lineno}"
        for file, call, name in calls("app")
        if name == "Depends"
        and "session" in ast.unparse(call.args[0] if call.args else call)
        and "scope='function'" not in ast.unparse(call)
    ]
    assert found == []
