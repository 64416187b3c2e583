"""The pure parts of the benchmarks: the keyword baseline, percentiles, means, tables, semble's model folder."""

from __future__ import annotations

import json
import sys
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from benchmarks import many_trees, report
from benchmarks.clients import load_service, percentiles
from benchmarks.peers.asking import add_prefix, one_per_file
from benchmarks.peers.grep_and_read import choose_words, merge_ranges
from benchmarks.peers.ripgrep_runner import WINDOW_LINES, best_window, words_of
from benchmarks.peers.semble_runner import prepare_model, write_stand_in
from benchmarks.scoring import Mean, load_scorer, read_repositories, score, total
from benchmarks.token_recall import Passage, Target, make_passage, measure_recall

MATCHES = st.lists(st.tuples(st.integers(1, 120), st.sampled_from(["retry", "delay", "queue"])), min_size=1)


def test_words_of_a_query_are_without_stop_words_unless_there_are_no_others() -> None:
    assert words_of("How is max_retry used in the Client?") == ["max_retry", "client"]
    assert words_of("what is it") == ["what", "is", "it"]
    assert words_of("?") == []


@given(MATCHES)
def test_the_best_window_has_the_most_different_words(matches: list[tuple[int, str]]) -> None:
    def value_of(start: int) -> tuple[int, int]:
        inside = Counter(word for line, word in matches if start <= line < start + WINDOW_LINES)
        return len(inside), sum(inside.values())

    start, end = best_window(matches)
    assert end == start + WINDOW_LINES - 1
    best = max(value_of(line) for line, _ in matches)
    assert start == min(line for line, _ in matches if value_of(line) == best)


def test_one_result_per_file_keeps_the_first_of_each() -> None:
    results = [["a.py", 1, 2], ["b.py", 3, 4], ["a.py", 5, 6], ["c.py", 7, 8]]
    assert one_per_file(results, 2) == [["a.py", 1, 2], ["b.py", 3, 4]]


def test_paths_are_given_from_the_repository_s_root() -> None:
    assert add_prefix({"q": [["a.py", 1, 2]]}, "src/lib") == {"q": [["src/lib/a.py", 1, 2]]}
    assert add_prefix({"q": [["a.py", 1, 2]]}, "") == {"q": [["a.py", 1, 2]]}


def test_percentiles() -> None:
    assert percentiles([float(value) for value in range(100, 0, -1)]) == {"p50_ms": 51, "p95_ms": 96, "p99_ms": 100}
    assert percentiles([]) == {}


def test_a_mean_over_groups_counts_every_query_the_same() -> None:
    assert total([Mean(1.0, 1), Mean(0.0, 3)]).value == 0.25
    assert total([]).value is None


def test_a_repository_is_scored_by_the_folder_s_own_script(tmp_path: Path) -> None:
    bench, trees = tmp_path / "bench", tmp_path / "trees"
    (bench / "annotations").mkdir(parents=True)
    (trees / "shop").mkdir(parents=True)
    (trees / "shop" / "cart.py").touch()
    (bench / "repos.json").write_text('[{"name": "shop", "language": "python"}, {"name": "absent", "language": "go"}]')
    items = [{"query": "cart", "relevant": ["cart.py"]}, {"query": "till", "relevant": ["gone.py"], "secondary": []}]
    (bench / "annotations" / "shop.json").write_text(json.dumps(items))
    (bench / "score.py").write_text(
        "parse_target = lambda raw: {'path': raw}\n"
        "same_path = lambda a, b: a == b\n"
        "category_of = lambda item: 'symbol'\n"
        "ndcg = lambda results, targets: float(any([r[0] == t['path'] for r in results for t in targets]))\n"
    )
    (repository,) = read_repositories(bench, trees)
    assert (repository.queries, repository.folder) == (["cart", "till"], trees / "shop")
    answers = {"cart": [["cart.py", 1, 2]], "till": [["gone.py", 1, 2]]}
    assert score(load_scorer(bench), repository, answers) == {"symbol": Mean(1.0, 2)}


def a_run() -> dict[str, Any]:
    """Return a run of two systems on two repositories, one of them without annotations."""

    def part(seconds: list[float], total_value: float) -> dict[str, Any]:
        ndcg = {"symbol": [total_value, 2]}
        return {"index_seconds": seconds, "query_ms": [2.0, 4.0], "peak_bytes": 1e8, "store_bytes": 2e6, "ndcg": ndcg}

    shop = {"codesearch": part([1.0, 9.0, 2.0], 1.9), "semble": part([4.0], 1.5)}
    bare = {name: {**item, "ndcg": {}, "query_ms": []} for name, item in shop.items()}
    sizes = {"megabytes": 8.0, "files": 1200, "chunks": 9000}
    return {
        "commit": "abc",
        "command": "make bench",
        "cores": 2,
        "memory_gb": 8,
        "python": "3.11",
        "load_average": [0.5],
        "minutes": 1.0,
        "versions": {"codesearch": "codesearch", "semble": "semble 1"},
        "notes": ["ripgrep was not measured"],
        "repositories": [
            {"name": "shop", "language": "python", "systems": shop, **sizes},
            {"name": "bare", "language": "", "systems": bare, **sizes},
        ],
    }


def test_tables_show_means_and_the_median_of_indexing() -> None:
    run = a_run()
    assert "| codesearch | – | – | 0.950 | **0.950** | 4.0 | 4.0 | 4.0 | 2.0 | 4.00 | 100 | 2 |" in report.overview(run)
    assert "| python | 2 | **0.950** | 0.750 |" in report.quality_by(
        run, "language", lambda item: str(item["language"])
    )
    rows = report.indexing(run).splitlines()[2:]
    assert rows == [f"| {name} | 1,200 | 8.00 | 2.00 | 4.00 | 4.00 | 2.00 | 2.00 |" for name in ("shop", "bare")]


def test_pages_have_the_command_and_the_notes() -> None:
    for page in (report.results_page(a_run()), report.docs_page(a_run())):
        assert "\n\n    make bench\n" in page
        assert page.endswith("- ripgrep was not measured\n")


def test_the_newest_page_of_another_benchmark_is_a_section(tmp_path: Path) -> None:
    assert report.kept_page("grep", "## Exact", tmp_path) == ""
    (tmp_path / "grep-2026-01-31.md").write_text("# Old\n\nold figures\n")
    (tmp_path / "grep-2026-02-01.md").write_text("# grep, 2026-02-01\n\nnew figures\n")
    (tmp_path / "grep-linux-2026-03-01.md").write_text("# Linux\n\nothers\n")
    assert report.kept_page("grep", "\n## Exact\n", tmp_path) == "## Exact\n\ngrep, 2026-02-01: new figures"


def test_what_two_commands_say_of_many_trees_is_counted(tmp_path: Path) -> None:
    script = tmp_path / "said.py"
    script.write_text("import sys; sum(range(2 * 10**7)); print(sys.argv[1])")
    for said in ('{"sources": [{"files": 1, "chunks": 2}, {"files": 3, "chunks": 4}]}', '{"files": 4, "chunks": 6}'):
        run = many_trees.watch([sys.executable, str(script), said])
        assert (run.files, run.chunks) == (4, 6)
        assert run.cpu_seconds > 0
        assert run.peak_bytes > 0
    with pytest.raises(SystemExit):
        many_trees.watch([sys.executable, "-c", "raise ValueError"])


def test_plots_get_a_point_per_system_and_per_repository() -> None:
    data = report.plot_data(a_run())
    assert [(point["label"], point["ms"]) for point in data["quality"]] == [
        ("codesearch", 4.0),
        ("semble, our model", 4.0),
    ]
    assert data["indexing"] == {"codesearch": [[8.0, 2.0], [8.0, 2.0]], "semble, our model": [[8.0, 4.0], [8.0, 4.0]]}


def test_a_model_folder_gets_the_configuration_that_semble_wants(tmp_path: Path) -> None:
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "tokenizer.json").write_text("{}")
    prepare_model(tmp_path / "given", tmp_path / "model")
    assert json.loads((tmp_path / "model" / "config.json").read_text()) == {"normalize": True}
    assert (tmp_path / "model" / "tokenizer.json").read_text() == "{}"


def test_the_stand_in_model_can_be_read(tmp_path: Path) -> None:
    write_stand_in(tmp_path / "model")
    tokenizer = Tokenizer.from_file(str(tmp_path / "model" / "tokenizer.json"))
    assert tokenizer.encode("two words").ids == [0, 0]
    data = (tmp_path / "model" / "model.safetensors").read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    assert len(data) == 8 + int.from_bytes(data[:8], "little") + header["embeddings"]["data_offsets"][1]


class Service(BaseHTTPRequestHandler):
    """Answers each request with the status that its query names."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(int(body["query"]))
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing."""


def test_many_clients_are_counted_and_a_failure_ends_the_measurement() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        load = load_service(server.server_port, "key", {}, ["200"], clients=3, seconds=0.2)
        figures = load.as_json()
        assert figures["requests"] == len(load.milliseconds) > 3
        assert 0.2 <= load.seconds < 5
        with pytest.raises(SystemExit, match="status 500"):
            load_service(server.server_port, "key", {}, ["500"], clients=2, seconds=0.2)
        server.shutdown()


def test_a_target_is_found_once_the_budget_holds_the_end_of_one_of_its_lines() -> None:
    passages = [
        Passage("a.py", 1, ("", "x" * 20), "a.py:1-2\n"),  # 9 + 0 + 1 + 20 = 30 characters
        Passage("b.py", 10, ("y" * 9, "z" * 9), "\n\nb.py\n"),  # lines end at 30 + 7 + 9 = 46 and 56
    ]
    targets = [Target(frozenset({"a.py"})), Target(frozenset({"b.py"}), ((11, 11),)), Target(frozenset({"c.py"}))]
    assert measure_recall(passages, targets, [7, 8, 13, 14]) == [0.0, 1 / 3, 1 / 3, 2 / 3]
    assert measure_recall(passages, [Target(frozenset({"a.py"}), ((1, 1),))], [100]) == [0.0]  # a blank line
    assert measure_recall([], targets, [1]) == [0.0]


def test_more_tokens_never_find_less() -> None:
    passages = [make_passage(f"{name}.py", 1, ["word"] * 30) for name in "abcdef"]
    targets = [Target(frozenset({f"{name}.py"})) for name in "bdf"]
    recalls = measure_recall(passages, targets, list(range(1, 400)))
    assert recalls == sorted(recalls)
    assert (recalls[0], recalls[-1]) == (0.0, 1.0)


def test_grep_takes_the_rarest_words_and_reads_around_their_lines() -> None:
    counts = Counter({"client": 9, "retry": 2, "jitter": 1})
    assert choose_words("How does the client retry with jitter and gizmo?", counts, 3) == ["jitter", "retry", "client"]
    assert choose_words("gizmo client", counts, 2) == ["client", "gizmo"]
    assert merge_ranges([30, 71, 300, 5], 310) == [(1, 91), (280, 310)]
