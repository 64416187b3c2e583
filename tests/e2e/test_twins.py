"""A workspace with a fork: what stands in both is told once, and the other place is named."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.service import Service, create_key, run_cli

FILES = {f"part{number}.py": f'def retry_{number}():\n    """Try call {number} again."""\n' for number in range(6)}


def test_a_fork_takes_no_place_of_other_answers(tmp_path: Path) -> None:
    for name, changed in (("origin", {}), ("fork", {"part0.py": FILES["part0.py"] + "    return 0\n"})):
        (tmp_path / name).mkdir()
        for path, text in {**FILES, **changed}.items():
            (tmp_path / name / path).write_text(text)
    data_dir = tmp_path / "data"
    assert run_cli(data_dir, "index", str(tmp_path / "origin"), str(tmp_path / "fork"), index_workers="1").status == 0
    assert run_cli(data_dir, "workspace", "create", "both", "origin", "fork").status == 0
    with Service(data_dir, create_key(data_dir, "reader")) as service:
        records = service.records("both", "try a call again", top_k=100)
        assert len(records) == 2 * len(FILES)
        # The file that was changed in the fork is told twice.
        first, rest = records[: len(FILES) + 1], records[len(FILES) + 1 :]
        assert {record["metadata"]["path"] for record in first} == set(FILES)
        named = [place for record in first for place in record["metadata"].get("duplicates", [])]
        assert sorted(named) == sorted(
            f"{meta['data_source_name']}::{meta['path']}::{meta['start_line']}-{meta['end_line']}"
            for record in rest
            for meta in [record["metadata"]]
        )
        assert len(named) == len(rest) == len(FILES) - 1
        assert all(record["score"] < 0.01 for record in rest)
        assert not any("duplicates" in record["metadata"] for record in rest)
