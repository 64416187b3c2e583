"""The log of faults: a line for each run that one came to, written at once, and the tables that are made from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from benchmarks.faults.runs import STAGES

_NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Hit:
    """A fault that came to a run at a stage, and what became of it. `fault` and `detail` say what failed.

    `time` is when what was to be looked at then was right, or not; several faults may have come by then, to the same
    runs. `number` is the fault's: a PostgreSQL that is killed once comes to several runs. `answered` and `refused` are
    queries to the services in that time; `wrong` is `nothing`, or what was.
    """

    time: str
    kind: str
    fault: str
    detail: str
    number: int
    stage: str
    end: str
    seconds: float
    answered: int
    refused: int
    refusals: str
    notes: str
    wrong: str

    def to_line(self) -> str:
        """Return it as a line of the log."""
        return "\t".join(" ".join(str(value).split()) for value in astuple(self))

    @property
    def is_right(self) -> bool:
        """Whether nothing was wrong."""
        return self.wrong == _NOTHING


class Log:
    """A file of hits with tabs between their fields, which goes on where it ended."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.hits: list[Hit] = []
        if path is not None and path.exists():
            self.hits = list(read_hits(path))
        elif path is not None:
            path.write_text("\t".join(field.name for field in fields(Hit)) + "\n", encoding="utf-8")

    def add(self, hit: Hit) -> None:
        """Note a hit."""
        self.hits.append(hit)
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(hit.to_line() + "\n")

    def count(self, kind: str, fault: str, stage: str) -> int:
        """Return how often a fault came at a stage and was followed by what is right."""
        return sum((hit.kind, hit.fault, hit.stage) == (kind, fault, stage) and hit.is_right for hit in self.hits)

    @property
    def next_number(self) -> int:
        """The number of the next fault."""
        return 1 + max((hit.number for hit in self.hits), default=0)


def read_hits(path: Path) -> Iterator[Hit]:
    """Yield the hits of a log, the oldest first; a line that was cut short by a kill is passed over."""
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        values = line.split("\t")
        if len(values) == len(fields(Hit)):
            time, kind, fault, detail, number, stage, end, seconds, answered, refused, *rest = values
            numbers = int(number), stage, end, float(seconds), int(answered), int(refused)
            yield Hit(time, kind, fault, detail, *numbers, *rest)


def describe(hits: Sequence[Hit]) -> list[str]:
    """Return a table, a line for each fault of each kind of run."""
    stages = ", ".join(STAGES)
    lines = [
        f"| what fails | faults | index runs that it came to while {stages} | the run ended well / said why not / was "
        "killed | queries answered / refused | wrong |",
        "|---|---:|---|---|---|---|",
    ]
    for kind, fault in dict.fromkeys((hit.kind, hit.fault) for hit in hits):
        found = [hit for hit in hits if (hit.kind, hit.fault) == (kind, fault)]
        faults = {hit.number for hit in found}
        looks = {hit.time: hit for hit in found}.values()
        times = ", ".join(str(sum(hit.stage == stage for hit in found)) for stage in STAGES)
        ends = " / ".join(f"{sum(hit.end == end for hit in found):,}" for end in ("well", "said why not", "killed"))
        asked = f"{sum(hit.answered for hit in looks):,} / {sum(hit.refused for hit in looks):,}"
        wrong = sorted({hit.wrong for hit in found if not hit.is_right})
        name = fault if kind == "worker" else f"{fault}, {kind}"
        lines.append(f"| {name} | {len(faults):,} | {times} | {ends} | {asked} | {'; '.join(wrong) or _NOTHING} |")
    return lines
