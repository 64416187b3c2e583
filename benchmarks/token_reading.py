"""What each system shows of one source for a question, and how much is found in it. For `benchmarks.tokens`."""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.compare import MODEL
from benchmarks.peers.grep_and_read import choose_words, count_files, grep_and_read
from benchmarks.systems import ROOT, run_watched
from benchmarks.token_recall import Passage, Target, make_passage, measure_recall
from codesearch.assembly import LOCAL_PRINCIPAL, Assembly

BUDGETS = (1_000, 2_000, 4_000, 8_000)
# So many results are asked for: more than the largest budget holds. Ours are cut to fit, so more of them do.
RESULTS_ASKED = 100
OUR_RESULTS_ASKED = 300
OURS, SEMBLE, WHOLE, AROUND = "codesearch", "semble, our model", "grep, files whole", "grep, lines around matches"
Recalls = dict[tuple[str, str], list[list[float]]]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, what is to be found, and the rows of the table that it counts in."""

    text: str
    groups: tuple[str, ...]
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads of one source what each system shows. The folder is `root` of its tree, the part that is searched."""

    assembly: Assembly
    source_id: str
    name: str
    open_folder: Callable[[], AbstractContextManager[Path]]
    root: str
    words: int
    peers: Path | None

    def measure(self, questions: Sequence[Question], semble: Path, recalls: Recalls) -> None:
        """Read for every question, and add the recall to each of its groups."""
        print(f"{self.name}: {len(questions)} questions", file=sys.stderr, flush=True)
        for question, reached in zip(questions, self.read_peers(questions, semble), strict=True):
            for system, recall in {OURS: self.read_ours(question), **reached}.items():
                for group in question.groups:
                    recalls[group, system].append(recall)

    def read_ours(self, question: Question) -> list[float]:
        """Return our recall for each budget."""
        asked = ((self.ask_ours(question.text, budget), budget) for budget in BUDGETS)
        return [measure_recall(passages, question.targets, [budget])[0] for passages, budget in asked]

    def read_peers(self, questions: Sequence[Question], semble: Path) -> list[dict[str, list[float]]]:
        """Return of each question the recall of every other system for each budget; kept, where that is wanted."""
        if self.peers is None:
            return self.measure_peers(questions, semble)
        asked = repr(
            [(one.text, [(sorted(target.paths), target.ranges) for target in one.targets]) for one in questions]
        )
        settings = f"{asked} {BUDGETS} {self.words} {RESULTS_ASKED}"
        kept = self.peers / f"{self.name}-{hashlib.sha256(settings.encode()).hexdigest()[:16]}.json"
        if not kept.exists():
            self.peers.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(self.measure_peers(questions, semble)), encoding="utf-8")
        reached: list[dict[str, list[float]]] = json.loads(kept.read_text(encoding="utf-8"))
        return reached

    def measure_peers(self, questions: Sequence[Question], semble: Path) -> list[dict[str, list[float]]]:
        """Return of each question the recall of every other system for each budget."""
        with self.open_folder() as folder:
            file_counts = count_files(folder)
            theirs = self.ask_semble(folder, semble, [question.text for question in questions])
            measured = []
            for question in questions:
                words = choose_words(question.text, file_counts, self.words)
                reads = {
                    SEMBLE: theirs[question.text],
                    WHOLE: self.from_root(grep_and_read(folder, words, around_matches=False)),
                    AROUND: self.from_root(grep_and_read(folder, words, around_matches=True)),
                }
                measured.append(
                    {system: measure_recall(read, question.targets, BUDGETS) for system, read in reads.items()}
                )
        return measured

    def from_root(self, passages: Iterator[Passage]) -> Iterator[Passage]:
        """Yield the passages with paths from the source's root."""
        prefix = f"{self.root}/" if self.root else ""
        return (make_passage(prefix + item.path, item.first_line, item.lines) for item in passages)

    def ask_ours(self, text: str, budget: int) -> list[Passage]:
        """Return the records of semantic_search with the text that its answer has before each."""
        arguments: dict[str, Any] = {"question": text, "data_sources": [self.source_id], "max_tokens": budget}
        answer = self.assembly.toolbox.call(
            "semantic_search", LOCAL_PRINCIPAL, {**arguments, "max_results": OUR_RESULTS_ASKED}
        )
        passages, read = [], 0
        for record in answer.obj["records"]:
            place, content = record["metadata"], record["content"]
            start = answer.rendered.index(content, answer.rendered.index("\n", read + 2) + 1)
            lines = tuple(content.split("\n"))
            passages.append(Passage(place["path"], place["start_line"], lines, answer.rendered[read:start]))
            read = start + len(content)
        return passages

    def ask_semble(self, folder: Path, python: Path, texts: Sequence[str]) -> dict[str, list[Passage]]:
        """Let semble index the folder; return the passages of each text."""
        with tempfile.TemporaryDirectory() as temporary:
            queries, out = Path(temporary) / "queries.json", Path(temporary) / "results.json"
            queries.write_text(json.dumps(texts), encoding="utf-8")
            command = [str(python), str(ROOT / "benchmarks" / "peers" / "semble_runner.py")]
            command += ["--tree", str(folder.resolve()), "--queries", str(queries), "--out", str(out)]
            command += ["--top-k", str(RESULTS_ASKED), "--model-path", str(MODEL.resolve())]
            ended = run_watched(command)
            results = json.loads(out.read_text(encoding="utf-8"))
        if ended.output["model"] != "given":
            raise SystemExit(f"semble cannot load the model: {ended.output['model']}")
        prefix = f"{self.root}/" if self.root else ""
        return {
            text: [
                make_passage(prefix + path, start, read_lines(folder / path, start, end)) for path, start, end in found
            ]
            for text, found in results.items()
        }


def read_lines(path: Path, start: int, end: int) -> list[str]:
    """Return lines of a file."""
    return path.read_text(encoding="utf-8", errors="replace").split("\n")[start - 1 : end]
