"""Small git repositories made by rule, each with a history, for the benchmarks that need many: a number, its files."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

FIRST_COMMIT_SECONDS = 1_700_000_000
SECONDS_BETWEEN = 3_600
FILES = 6
# Of each repository these many words are its own, the rest is what all of them say.
OWN_WORDS = 12
_VERBS = "load store parse render merge split check count find close open send read write build clean sort map".split()
_NOUNS = (
    "account address archive batch branch buffer cache channel client cluster column config cursor device document "
    "event filter folder frame graph handle header index invoice journal keyboard label ledger letter message metric "
    "module number object order packet page parcel path payment period planet pointer policy profile queue record "
    "region report request result river route rule sample schedule segment server session shipment signal socket "
    "status stream supply table target ticket token topic train transfer user value vector version window worker"
).split()
_SYLLABLES = "ba ce di fo gu ha je ki lo mu na pe qui ro su ta ve wi xo zu".split()


@dataclass(frozen=True, slots=True)
class Made:
    """What a rule makes: of a repository's number, its name, and of a commit's, the files that it writes."""

    number: int
    files: int = FILES

    @property
    def name(self) -> str:
        """The repository's name: `made-0007`."""
        return f"made-{self.number:04}"

    @property
    def own_words(self) -> list[str]:
        """Words that hardly another repository has."""
        chance = random.Random(self.number)
        return ["".join(chance.choices(_SYLLABLES, k=4)) for _ in range(OWN_WORDS)]

    def write(self, commit: int) -> dict[str, str]:
        """Return the files that a commit writes, by path: the first all, each later one a changed or a new one."""
        if commit == 0:
            return dict(self._write_file(place, commit) for place in range(self.files))
        chance = random.Random(self.number * 10_007 + commit)
        # One in eight is a new file.
        place = self.files + commit if chance.random() < 0.125 else chance.randrange(self.files)
        return dict([self._write_file(place, commit)])

    def queries(self, count: int) -> list[str]:
        """Return questions whose words its files have."""
        chance = random.Random(self.number + 1_000_003)
        words = self.own_words
        return [f"{chance.choice(_VERBS)} {chance.choice(words)} {chance.choice(_NOUNS)}" for _ in range(count)]

    def make(self, folder: Path, commits: int) -> Path:
        """Make the repository with its first commits below a folder; return where it is."""
        return make_repository(folder, self, commits)

    def add_commit(self, repository: Path, commit: int) -> None:
        """Add its next commit."""
        add_commit(repository, self, commit)

    def _write_file(self, place: int, commit: int) -> tuple[str, str]:
        chance = random.Random(f"{self.number}/{place}/{commit}")
        words = [*self.own_words, *_NOUNS]
        path, write = _FORMS[place % len(_FORMS)]
        of_path = random.Random(f"{self.number}/{place}")
        return path.format(of_path.choice(_NOUNS), of_path.choice(_NOUNS), place), write(chance, words)


def _write_python(chance: random.Random, words: list[str]) -> str:
    lines = [f'"""The {chance.choice(words)} of a {chance.choice(words)}."""', ""]
    for number in range(chance.randrange(3, 9)):
        verb, noun, other = chance.choice(_VERBS), chance.choice(words), chance.choice(words)
        lines += [
            "",
            f"def {verb}_{noun}_{number}({other}: dict[str, int], limit: int = {chance.randrange(100)}) -> int:",
            f'    """{verb.title()} the {noun} of each {other}, no more than the limit."""',
            "    total = 0",
            f"    for key, value in sorted({other}.items()):",
            f"        if value > limit or key == {chance.choice(words)!r}:",
            f"            raise ValueError('a {noun} of ' + key)",
            "        total += value",
            "    return total",
            "",
        ]
    return "\n".join(lines)


def _write_go(chance: random.Random, words: list[str]) -> str:
    package = chance.choice(_NOUNS)
    lines = [f"// Package {package} keeps each {chance.choice(words)}.", f"package {package}", ""]
    for number in range(chance.randrange(2, 7)):
        verb, noun = chance.choice(_VERBS).title(), chance.choice(words).title()
        lines += [
            f"// {verb}{noun}{number} returns how many {noun}s there are.",
            f"func {verb}{noun}{number}(items []string) int {{",
            "\tcount := 0",
            "\tfor _, item := range items {",
            f'\t\tif item != "{chance.choice(words)}" {{',
            "\t\t\tcount++",
            "\t\t}",
            "\t}",
            "\treturn count",
            "}",
            "",
        ]
    return "\n".join(lines)


def _write_javascript(chance: random.Random, words: list[str]) -> str:
    noun = chance.choice(words)
    lines = [f"export class {noun.title()} {{", "  constructor(parts) {", "    this.parts = parts;", "  }", ""]
    for number in range(chance.randrange(2, 6)):
        verb, other = chance.choice(_VERBS), chance.choice(words)
        lines += [
            f"  // {verb} every {other} that the {noun} has",
            f"  {verb}{other.title()}{number}(given) {{",
            f"    return this.parts.filter((part) => part.{chance.choice(words)} === given);",
            "  }",
            "",
        ]
    return "\n".join([*lines, "}", ""])


def _write_document(chance: random.Random, words: list[str]) -> str:
    lines = [f"# The {chance.choice(words)}", ""]
    for _ in range(chance.randrange(2, 6)):
        chosen = chance.choices(words, k=6)
        lines += [
            f"## How to {chance.choice(_VERBS)} a {chosen[0]}",
            "",
            f"Each {chosen[1]} has a {chosen[2]}. Where the {chosen[3]} is missing, {chance.choice(_VERBS)} the",
            f"{chosen[4]} first, then the {chosen[5]}.",
            "",
        ]
    return "\n".join(lines)


_FORMS: tuple[tuple[str, Callable[[random.Random, list[str]], str]], ...] = (
    ("{0}/{1}_{2}.py", _write_python),
    ("internal/{0}/{1}{2}.go", _write_go),
    ("web/{0}/{1}{2}.js", _write_javascript),
    ("docs/{0}-{1}-{2}.md", _write_document),
)


def make_repository(folder: Path, made: Made, commits: int = 1) -> Path:
    """Make a repository with so many commits below a folder, its last one checked out; return where it is."""
    repository = folder / made.name
    repository.mkdir(parents=True)
    git(repository, "init", "--quiet", "--template=", "--initial-branch=main", ".")
    git(repository, "fast-import", "--quiet", given=b"".join(_stream(made, commits)))
    git(repository, "reset", "--quiet", "--hard", "main")
    return repository


def _stream(made: Made, commits: int) -> Iterator[bytes]:
    """Yield what `git fast-import` reads."""
    for commit in range(commits):
        yield from stream_commit(made, commit, "")


def stream_commit(made: Made, commit: int, parent: str) -> Iterator[bytes]:
    """Yield one commit for `git fast-import`; `parent` is its `from` line, '' within one stream."""
    message = f"Change {commit}"
    moment = FIRST_COMMIT_SECONDS + commit * SECONDS_BETWEEN
    yield (
        f"commit refs/heads/main\ncommitter Made <made@example.com> {moment} +0000\n"
        f"data {len(message)}\n{message}\n{parent}"
    ).encode()
    for path, text in made.write(commit).items():
        data = text.encode()
        yield f"M 100644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n"


def add_commit(repository: Path, made: Made, commit: int) -> None:
    """Add a commit to a bare repository or one that is checked out elsewhere: to its branch, not to its work tree."""
    stream = b"".join(stream_commit(made, commit, "from refs/heads/main^0\n"))
    git(repository, "fast-import", "--quiet", given=stream)


def git(folder: Path, *arguments: str, given: bytes = b"") -> None:
    """Run git in a folder."""
    subprocess.run(["git", *arguments], cwd=folder, input=given, check=True)
