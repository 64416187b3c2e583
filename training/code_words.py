"""Lists the words of source code that MiniLM's vocabulary lacks, for distill.py --code-words.

git clone https://github.com/github-linguist/linguist
git -C linguist checkout b45dbe9b2825a43285bcd035861be91cc0a7299e
python training/code_words.py --samples linguist/samples --vocabulary VOCAB.TXT --out code_words.txt
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from pathlib import Path

_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_MIN_FILES = 3
_MIN_LENGTH, _MAX_LENGTH = 2, 24
_MAX_FILE_BYTES = 200_000
# Data rather than code, so their "words" are coordinates, keys and glyph names.
_SKIPPED_LANGUAGES = frozenset(
    """Adobe Font Metrics|CSV|Checksums|Diff|Eagle|G-code|GEDCOM|Gerber Image|Git Revision List|JSON with Comments
|Jupyter Notebook|KiCad Layout|KiCad Schematic|LTspice Symbol|Linker Script|Max|OpenStep Property List|Pickle
|POV-Ray SDL|PostScript|Public Key|Pure Data|Raw token data|Roff|STL|SVG|Spline Font Database|SubRip Text|TSV|Text
|Unity3D Asset|Wavefront Object|X BitMap|X PixMap""".replace("\n", "").split("|")
)
# Samples taken from projects that serve as search benchmarks; nothing here may have seen those.
_BENCHMARK_SAMPLES = re.compile(r"redis\.c|axios|flask|rails|sinatra|rack_app|curl|inflector|jquery", re.IGNORECASE)


def count_files_per_word(samples: Path) -> Counter[str]:
    """Return for each lower-cased identifier part the number of sample files that hold it."""
    files_per_word: Counter[str] = Counter()
    for path in sorted(samples.rglob("*")):
        relative = path.relative_to(samples)
        if not path.is_file() or path.stat().st_size > _MAX_FILE_BYTES:
            continue
        if relative.parts[0] in _SKIPPED_LANGUAGES or _BENCHMARK_SAMPLES.search(str(relative)):
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        files_per_word.update({word.lower() for word in _PART.findall(text)})
    return files_per_word


def main() -> None:
    """Write the words that occur in enough files, most frequent first, ties in alphabetical order."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=Path, required=True)
    parser.add_argument("--vocabulary", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    known = set(arguments.vocabulary.read_text(encoding="utf-8").splitlines())
    words = [
        (-count, word)
        for word, count in count_files_per_word(arguments.samples).items()
        if count >= _MIN_FILES and _MIN_LENGTH <= len(word) <= _MAX_LENGTH and word not in known
    ]
    arguments.out.write_text("".join(f"{word}\n" for _, word in sorted(words)), encoding="utf-8")
    print(f"{len(words)} words")


if __name__ == "__main__":
    main()
