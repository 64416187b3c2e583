"""The questions that the ranking is trained on and checked with: whole, different, and of repositories of their own."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

TRAINING = Path(__file__).parents[2] / "training"
SETS = ("plain", "paraphrased")
CATEGORIES = {"architecture", "semantic", "symbol"}
# The annotated benchmark's owners and names, of both halves: nothing may be trained on them.
BENCHMARK = frozenset(
    "aiohttp fastapi flask httpx model2vec pydantic requests starlette axios express redux gin cobra chi gson "
    "commons-lang jackson-databind guzzle monolog framework sinatra rack rails tokio trpc messagepack-csharp "
    "ktor cats alamofire click serde zod json phoenix axum vitest newtonsoft.json dapper kotlinx.coroutines "
    "exposed circe http4s vapor snapkit plug ecto abseil-cpp fmt curl redis libuv bats-core aeson pandoc xmonad "
    "telescope.nvim lazy.nvim mini.nvim zig zls zig-clap nvm bash-it semble".split()
)


def repositories(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((TRAINING / "questions" / name / "repos.json").read_text(encoding="utf-8"))
    return found


def questions(name: str, repository: str) -> list[dict[str, Any]]:
    file = TRAINING / "questions" / name / "annotations" / f"{repository}.json"
    found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("name", SETS)
def test_every_question_has_an_answer(name: str) -> None:
    for spec in repositories(name):
        asked = questions(name, spec["name"])
        assert len(asked) >= 14
        assert len({question["query"] for question in asked}) == len(asked), spec["name"]
        for question in asked:
            assert question.keys() <= {"query", "category", "relevant", "secondary"}
            assert question["category"] in CATEGORIES
            assert (question["category"] == "symbol") <= (" " not in question["query"]), question
            paths = question["relevant"] + question.get("secondary", [])
            assert question["relevant"], question
            root = spec["benchmark_root"]
            assert all(not root or path.startswith(f"{root}/") for path in paths), question


@pytest.mark.parametrize("name", SETS)
def test_every_file_of_questions_is_listed(name: str) -> None:
    files = {path.stem for path in (TRAINING / "questions" / name / "annotations").glob("*.json")}
    assert files == {spec["name"] for spec in repositories(name)}


def test_no_repository_has_another_use() -> None:
    lines = (TRAINING / "repositories.tsv").read_text(encoding="utf-8").splitlines()[1:]
    of_embedding = {line.partition("\t")[0].lower() for line in lines}
    urls = []
    for name in SETS:
        of_set = [spec["url"].lower() for spec in repositories(name)]
        assert len(set(of_set)) == len(of_set)
        urls += of_set
    for url in urls:
        match = re.fullmatch(r"https://github\.com/([^/]+/([^/]+))\.git", url)
        assert match, url
        assert match[1] not in of_embedding
        assert match[2] not in BENCHMARK


def test_a_repository_of_both_sets_has_one_name_by_which_it_is_left_out() -> None:
    names: dict[str, set[str]] = {}
    for name in SETS:
        for spec in repositories(name):
            names.setdefault(spec["url"].lower(), set()).add(spec["name"])
    assert all(len(found) == 1 for found in names.values())
    assert len({name for found in names.values() for name in found}) == len(names)
