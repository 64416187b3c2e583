"""What commits said of files orders them: by the command line, on a real repository, in one segment and several."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.service import run_cli
from tests.unit.indexer.conftest import Repository
from tests.unit.indexer.history.history_repositories import commit_as

QUESTION = "keep trying while the carrier is on strike"
# They say nothing of the question, nor do their names.
TEXT = 'def send(parcel):\n    """Hand a parcel over."""\n    return parcel.{}()\n'
FILES = {f"{name}/hand.py": TEXT.format(name) for name in ("one", "two", "six")}


def found(data_dir: Path) -> list[tuple[str, float]]:
    """Return path and score of each record, best first."""
    outcome = run_cli(data_dir, "search", "shop", QUESTION, "--json")
    assert outcome.status == 0, outcome.err
    return [(record["metadata"]["path"], record["score"]) for record in outcome.json["records"]]


def index(data_dir: Path, shop: Repository, **settings: str) -> None:
    outcome = run_cli(data_dir, "index", str(shop.path), "--name", "shop", index_workers="1", **settings)
    assert outcome.status == 0, outcome.err


def test_the_file_comes_first_whose_commit_spoke_of_it(tmp_path: Path) -> None:
    shop, grown, anew = Repository(tmp_path / "shop"), tmp_path / "grown", tmp_path / "anew"
    shop.commit(FILES)
    index(grown, shop)
    *others, last = (path for path, _ in found(grown))
    assert {*others, last} == set(FILES)
    # Nothing in the file says so: only its commit.
    commit_as(shop, "Try again when a carrier is on strike", {last: FILES[last].replace("parcel.", "parcel .")})
    # Another segment beside the one that was there.
    index(grown, shop)
    index(anew, shop)
    records = found(grown)
    assert records[0][0] == last
    assert records == found(anew)
    assert "subjects_gap" in run_cli(grown, "search", "shop", QUESTION, "--explain").out
    # Without the setting nothing is kept of what commits say.
    unsaid = tmp_path / "unsaid"
    index(unsaid, shop, history_commits="0")
    assert found(unsaid)[-1][0] == last
