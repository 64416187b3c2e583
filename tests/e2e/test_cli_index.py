"""`codesearch index` as a person and a program meet it: reports, dry runs, several sources, ctrl-C."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.evidence import start_codesearch, wait_until
from tests.e2e.service import FIXTURES, NAMES, PATIENCE_SECONDS, clean_environment, command_of, run_cli, spawn_cli
from tests.unit.indexer.conftest import Repository

MakeRepository = Callable[..., Repository]
LEDGER = str(FIXTURES / "ledger-go")

# Where fixtures/README.md says that an oddity is, and what becomes of it. None: it is indexed.
ODDITIES: dict[str, dict[str, str | None]] = {
    "webshop-frontend": {
        "node_modules/": "vendored",
        "dist/": "vendored",
        "public/analytics.min.js": "minified",
        "package-lock.json": "vendored",
        "tsconfig.json": None,
    },
    "ledger-go": {"vendor/modules.txt": "vendored", "go.sum": "vendored", "gen/ledgerv1/ledger.pb.go": "generated"},
    "engine-native": {"core/plugin_macros.h": None},
    "ops-scripts": {"terraform/modules/bucket/main.tf": None, "k8s/orders.yaml": None},
    "legacy-portal": {
        "csharp/Forms.designer.cs": "generated",
        "php/Kundenbrief.php": None,
        "csharp/DocumentStore.cs": None,
        "csharp/Throttle.cs": None,
        "php/legacy_functions.php": None,
        "ini/portal.ini": None,
        "js/menu_broken.js": None,
        "data/postcodes.js": None,
        "data/thumbnails.dat": "binary",
        "data/export_1998.txt": "undecodable",
        "logs/sample.log": None,
        "logs/today.log": "ignored",
    },
}


def test_a_report_names_the_id_what_was_done_and_what_was_skipped(data_dir: Path) -> None:
    outcome = run_cli(data_dir, "index", LEDGER)
    assert outcome.status == 0
    first, second, third = outcome.out.splitlines()
    identifier = first.split()[0]
    assert len(identifier) == 24
    assert "ledger-go: 14 files, " in first
    assert second.startswith("  14 files indexed (")
    assert third == "  skipped: 1 generated, 3 vendored"
    assert "ledger-go: indexing: 14 files to read" in outcome.err.splitlines()
    again = run_cli(data_dir, "index", LEDGER)
    assert again.out.splitlines()[0] == first
    assert "nothing changed" in again.out


def test_the_json_report_is_one_object_and_alone_on_stdout(data_dir: Path) -> None:
    outcome = spawn_cli(data_dir, "index", LEDGER, "--json")
    assert outcome.status == 0
    report = outcome.json
    assert outcome.out.count("\n") == 1
    assert "indexing" in outcome.err
    assert (report["name"], report["state"], report["files"]) == ("ledger-go", "ready", 14)
    assert report["changed_files"] == 14
    assert report["embedded_chunks"] == report["chunks"] > 14
    assert report["skipped"] == {"generated": 1, "vendored": 3}
    again = spawn_cli(data_dir, "index", LEDGER, "--json").json
    assert (again["changed_files"], again["unchanged_files"], again["embedded_chunks"]) == (0, 14, 0)
    assert again["id"] == report["id"]


def test_a_run_whose_progress_nobody_reads_is_finished(data_dir: Path) -> None:
    with start_codesearch(data_dir, "index", LEDGER, "--json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stderr.close()
        report = json.loads(process.stdout.read())
        assert process.wait(PATIENCE_SECONDS) == 0
    assert report["chunks"] > 0
    assert "failed" not in run_cli(data_dir, "list").out


def test_one_failing_source_does_not_keep_the_others_from_being_indexed(data_dir: Path, tmp_path: Path) -> None:
    sources = [LEDGER, str(tmp_path / "gone"), str(FIXTURES / "ops-scripts")]
    outcome = run_cli(data_dir, "index", *sources)
    assert outcome.status == 1
    assert "1 of 3 sources could not be indexed" in outcome.error
    assert f"codesearch: There is no '{tmp_path / 'gone'}'" in outcome.err
    assert outcome.out.count(" files indexed ") == 2
    listed = run_cli(data_dir, "list", "--json").json["sources"]
    assert [item["name"] for item in listed] == ["ledger-go", "ops-scripts"]
    as_json = run_cli(data_dir, "index", *sources, "--json")
    assert as_json.status == 1
    assert [item["name"] for item in as_json.json["sources"]] == ["ledger-go", "ops-scripts"]
    assert len(as_json.json["failures"]) == 1


def test_sources_of_one_name_get_theirs_in_the_order_of_the_command(data_dir: Path, tmp_path: Path) -> None:
    """However much longer the first takes to read."""
    places = [tmp_path / owner / "src" for owner in "abc"]
    for place in places:
        place.mkdir(parents=True)
        (place / "main.py").write_text("def main():\n    return 1\n")
    for number in range(200):
        (places[0] / f"more_{number}.py").write_text(f"def more_{number}():\n    return {number}\n")
    outcome = run_cli(data_dir, "index", *map(str, places), index_workers="2")
    assert outcome.status == 0, outcome.err
    found = [line.split()[1] for line in outcome.out.splitlines() if not line.startswith(" ")]
    assert found == ["src:", "src-2:", "src-3:"]
    listed = run_cli(data_dir, "list", "--json").json["sources"]
    assert {item["name"]: item["location"] for item in listed} == {
        name: str(place) for name, place in zip(("src", "src-2", "src-3"), places, strict=True)
    }
    phases = [line for line in outcome.err.splitlines() if "indexing" in line or line.startswith("all: ")]
    assert phases == [
        "src: indexing: 201 files to read",
        "src: indexing: 1 file to read",
        "src: indexing: 1 file to read",
        "all: tidying up",
    ]


def test_copies_in_one_command_are_read_once(data_dir: Path, tmp_path: Path, make_repository: MakeRepository) -> None:
    first = make_repository("app")
    first.commit({f"part_{number}.py": f"def part_{number}():\n    return {number}\n" for number in range(150)})
    (tmp_path / "copies").mkdir()
    copy = shutil.copytree(first.path, tmp_path / "copies" / "app")
    reports = run_cli(data_dir, "index", str(first.path), str(copy), "--committed", "--json").json["sources"]
    counts = [(item["changed_files"], item["unchanged_files"]) for item in reports]
    assert counts == [(150, 0), (0, 150)]


def test_all_brings_every_source_up_to_date(data_dir: Path, tmp_path: Path) -> None:
    assert "codesearch index SOURCE" in run_cli(data_dir, "index", "--all").error
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.py").write_text("def a():\n    return 1\n")
    assert run_cli(data_dir, "index", str(tmp_path / "one"), str(tmp_path / "two")).status == 0
    (tmp_path / "two" / "b.py").write_text("def b():\n    return 2\n")
    reports = run_cli(data_dir, "index", "--all", "--json").json["sources"]
    assert [(item["name"], item["changed_files"]) for item in reports] == [("one", 0), ("two", 1)]
    shutil.rmtree(tmp_path / "one")
    outcome = run_cli(data_dir, "index", "--all")
    assert outcome.status == 1
    assert "two" in outcome.out
    assert "one" in run_cli(data_dir, "search", "one", "a").out


def test_name_branch_and_subdir(data_dir: Path, make_repository: MakeRepository) -> None:
    repository = make_repository("app")
    repository.commit({"server/a.py": "def a():\n    return 1\n", "client/b.ts": "function b() { return 2 }\n"})
    repository.git("checkout", "--quiet", "-b", "next")
    commit = repository.commit({"server/c.py": "def c():\n    return 3\n"})
    repository.git("checkout", "--quiet", "main")
    path = str(repository.path)
    report = run_cli(
        data_dir, "index", path, "--name", "app next", "--branch", "next", "--subdir", "server", "--json"
    ).json
    assert (report["name"], report["branch"], report["subdir"]) == ("app next", "next", "server")
    assert (report["commit"], report["files"]) == (commit, 2)
    main = run_cli(data_dir, "index", path, "--json").json
    assert main["id"] != report["id"]
    assert main["files"] == 2
    assert run_cli(data_dir, "search", "app next", "c").out.splitlines()[0].startswith("1  app next  server/")
    for wrong, said in ((["--branch", "nope"], "nope"), (["--subdir", "nope"], "no folder 'nope' in")):
        outcome = run_cli(data_dir, "index", path, *wrong)
        assert outcome.status == 1
        assert said in outcome.error
    assert "check --subdir." in run_cli(data_dir, "index", path, "--subdir", "nope").error


def test_options_are_named_only_to_a_command_that_has_them(
    make_repository: MakeRepository, data_dir: Path, tmp_path: Path
) -> None:
    repository = make_repository()
    repository.commit({"server/b.py": "def b(): pass\n"})
    path = str(repository.path)
    assert run_cli(data_dir, "index", path, "--subdir", "server", "--branch", "main").status == 0
    repository.git("rm", "-r", "server")
    repository.commit({"a.py": "def a(): pass\n"})
    named = run_cli(data_dir, "index", path, "--subdir", "server", "--branch", "main", "--json")
    assert named.error.endswith("; check --subdir.")
    both = run_cli(data_dir, "index", path, str(tmp_path), "--subdir", "server", "--branch", "main")
    assert "; check --subdir.\n" in both.err
    again = run_cli(data_dir, "index", "--all")
    assert "no folder 'server'" in again.err
    assert "--subdir" not in again.err
    assert "--subdir" not in run_cli(data_dir, "list").out


@pytest.mark.parametrize("name", sorted(ODDITIES))
def test_a_dry_run_lists_every_oddity_with_its_reason(data_dir: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    shutil.copytree(FIXTURES / name, folder)
    if name == "legacy-portal":
        (folder / "logs" / "today.log").write_text("nobody needs this\n")
    preview = run_cli(data_dir, "index", "--dry-run", "--json", str(folder)).json
    indexed = {item["path"] for item in preview["files"]}
    skipped = {item["path"]: item["reason"] for item in preview["skipped"]}
    for path, reason in ODDITIES[name].items():
        assert skipped.get(path) == reason, path
        assert (path in indexed) == (reason is None), path
    assert all(item["detail"] for item in preview["skipped"])
    assert sum(preview["counts"].values()) == len(skipped)
    shown = run_cli(data_dir, "index", "--dry-run", str(folder)).out
    for path in indexed:
        assert f"index  {path}  (" in shown
    for path, reason in skipped.items():
        assert f"skip   {path}  ({reason}: " in shown
    assert run_cli(data_dir, "list").out.startswith("Nothing is indexed yet")


def test_a_dry_run_and_a_run_agree(data_dir: Path) -> None:
    sources = [str(FIXTURES / name) for name in NAMES]
    previews = run_cli(data_dir, "index", "--dry-run", "--json", *sources).json["sources"]
    reports = run_cli(data_dir, "index", "--json", *sources).json["sources"]
    assert [len(item["files"]) for item in previews] == [item["files"] for item in reports]
    assert [item["counts"] for item in previews] == [item["skipped"] for item in reports]


def test_a_folder_with_nothing_to_index_says_so(data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    outcome = run_cli(data_dir, "index", str(tmp_path / "empty"))
    assert outcome.status == 0
    assert "warning: There is nothing to search: the source holds no files." in outcome.error
    assert run_cli(data_dir, "search", "empty", "anything").out == "Nothing found.\n"


def test_a_source_that_is_all_ignored_is_a_warning_with_reason_and_remedy(data_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "ignored"
    folder.mkdir()
    (folder / ".gitignore").write_text("*\n")
    (folder / "main.py").write_text("def main():\n    return 1\n")
    for options in ((), ("--dry-run",)):
        outcome = run_cli(data_dir, "index", str(folder), *options)
        assert outcome.status == 0
        assert "no files can be indexed, all are left out (2 ignored)" in outcome.error
        assert "take the pattern out of .gitignore" in outcome.error
        (warning,) = run_cli(data_dir, "index", str(folder), *options, "--json").json["warnings"]
        assert warning in outcome.error


def test_settings_choose_files_and_a_dry_run_says_how_to_override_a_rule(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "shop"
    (folder / "vendor" / "acme").mkdir(parents=True)
    (folder / "vendor" / "acme" / "LICENSE").write_text("Free.\n")
    (folder / "vendor" / "acme" / "tool.py").write_text("def tool():\n    return 1\n")
    (folder / "main.py").write_text("def main():\n    return 1\n")
    (folder / "doubt.c").write_bytes('char *last = "Я";\n'.encode("cp1251"))
    preview = run_cli(data_dir, "index", str(folder), "--dry-run", "--json").json
    skipped = {item["path"]: item for item in preview["skipped"]}
    assert skipped["vendor/acme/tool.py"]["detail"] == "vendor/acme/ has its own LICENSE, as most in vendor/"
    assert "CODESEARCH_INCLUDE=vendor/acme/tool.py" in skipped["vendor/acme/tool.py"]["override"]
    assert "CODESEARCH_FALLBACK_ENCODING" in skipped["doubt.c"]["override"]
    assert (
        "to index what is vendored: name it in the setting include"
        in run_cli(data_dir, "index", str(folder), "--dry-run").out
    )
    monkeypatch.setenv("CODESEARCH_INCLUDE", "vendor/acme/tool.py, *.none")
    monkeypatch.setenv("CODESEARCH_EXCLUDE", "main.py")
    monkeypatch.setenv("CODESEARCH_FALLBACK_ENCODING", "windows-1251")
    preview = run_cli(data_dir, "index", str(folder), "--dry-run", "--json").json
    assert [item["path"] for item in preview["files"]] == ["doubt.c", "vendor/acme/tool.py"]
    monkeypatch.setenv("CODESEARCH_FALLBACK_ENCODING", "windows-cyrillic")
    outcome = run_cli(data_dir, "index", str(folder))
    assert outcome.status == 1
    assert "CODESEARCH_FALLBACK_ENCODING: there is no encoding 'windows-cyrillic'" in outcome.error


@pytest.mark.parametrize("with_another", [False, True], ids=["one source", "two sources"])
def test_ctrl_c_ends_it_at_once_and_the_next_run_completes(
    data_dir: Path, tmp_path: Path, *, with_another: bool
) -> None:
    """Interrupted while worker processes chunk: one line, status 130, no process left behind."""
    folder, other = tmp_path / "large", tmp_path / "small"
    other.mkdir()
    (other / "main.py").write_text("def main():\n    return 1\n")
    for number in range(1200):
        path = folder / f"package{number % 40}" / f"module{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        body = "\n\n".join(f"def function_{number}_{i}(value):\n    return value * {i}" for i in range(60))
        path.write_text(body + "\n")
    process = subprocess.Popen(
        command_of("index", str(folder), *([str(other)] if with_another else [])),
        env=clean_environment(data_dir, index_workers="2"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr
    for line in process.stderr:
        if line.startswith("large: indexing"):
            break
    # Sooner than a command could say how far it is: by then it may be over.
    staging = data_dir / "staging"
    assert wait_until(lambda: any(path.is_file() for path in staging.rglob("*")), timeout_seconds=PATIENCE_SECONDS)
    asked = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert time.monotonic() - asked < 10
    assert process.returncode == 130
    assert out == ""
    assert err.strip().splitlines() == [
        "codesearch: Interrupted. Nothing half-written was left; run the same command to go on."
    ]
    _wait_until_gone(process.pid)
    state = run_cli(data_dir, "list").out
    assert "interrupted" in state, state
    shutil.rmtree(folder / "package1")
    for number in range(2, 40):
        shutil.rmtree(folder / f"package{number}")
    report = run_cli(data_dir, "index", str(folder), "--json").json
    assert (report["state"], report["files"]) == ("ready", 30)


def _wait_until_gone(group: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    raise AssertionError("a worker process went on after ctrl-C")
