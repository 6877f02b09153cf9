"""What can be told about the container image without an engine: its recipe, read line by line."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def steps() -> list[tuple[str, str]]:
    """(instruction, rest) of the Dockerfile, continued lines joined, comments left out."""
    written = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = re.sub(r"^#.*\n", "", written, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    return [(line.split()[0], " ".join(line.split()[1:])) for line in lines if line.strip()]


def stage(number: int) -> list[tuple[str, str]]:
    """The steps of one stage; -1 is the image that runs."""
    starts = [at for at, (word, _) in enumerate(steps()) if word == "FROM"] + [len(steps())]
    begin, end = list(pairwise(starts))[number]
    return steps()[begin:end]


def copied() -> list[str]:
    """Paths that the recipe takes from the repository."""
    sources = [shlex.split(rest)[:-1] for word, rest in steps() if word == "COPY" and "--from=" not in rest]
    return [path for paths in sources for path in paths]


def test_the_image_holds_no_build_tools() -> None:
    kinds = [rest for word, rest in steps() if word == "FROM"]
    assert len(kinds) == 3
    assert not any("pip" in rest for word, rest in stage(-1) if word == "RUN")


def test_it_does_not_run_as_root() -> None:
    words = [word for word, _ in stage(-1)]
    assert [rest for word, rest in stage(-1) if word == "USER"] == ["10001"]
    assert words.index("USER") < words.index("CMD")
    assert "RUN" not in words[words.index("USER") :]


def test_its_health_is_asked_inside() -> None:
    (check,) = [rest for word, rest in stage(-1) if word == "HEALTHCHECK"]
    assert "http://127.0.0.1:8000/healthz" in check
    assert "curl" not in check  # the slim image has none


def test_it_asks_no_hub_and_keeps_its_data_in_a_volume() -> None:
    variables = " ".join(rest for word, rest in stage(-1) if word == "ENV")
    (volume,) = [rest for word, rest in stage(-1) if word == "VOLUME"]
    assert {"HF_HUB_OFFLINE=1", "TRANSFORMERS_OFFLINE=1", f"HUISHENG_HOME={volume}"} <= set(variables.split())


@pytest.mark.parametrize("path", copied())
def test_what_it_copies_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_only_what_it_copies_is_sent_to_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in lines
    assert {line[1:] for line in lines if line.startswith("!")} == set(copied())
