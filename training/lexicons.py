"""Makes the lexicons of other languages that ship with the package, of the lists in lexicons/.

python training/lexicons.py: reads lexicons/LANGUAGE.tsv and LANGUAGE.stop, which are written by hand, and writes
codesearch/retrieval/translation/lexicons/LANGUAGE.json.
"""

from __future__ import annotations

from pathlib import Path

from codesearch.retrieval.translation.lexicon import Lexicon, build_lexicon, write_lexicon
from codesearch.retrieval.translation.translation import LANGUAGES

LISTS = Path(__file__).with_name("lexicons")
BUILT = Path(__file__).parents[1] / "codesearch" / "retrieval" / "translation" / "lexicons"


def main() -> None:
    """Build, write, print how large they are."""
    for language in LANGUAGES:
        lexicon = build(language)
        (BUILT / f"{language}.json").write_text(write_lexicon(lexicon), encoding="utf-8")
        print(f"{language}: {len(lexicon.meanings)} keys, {len(lexicon.stop)} words that mean nothing")


def build(language: str) -> Lexicon:
    """Return the lexicon of a language's lists."""
    lines, stop_words = (
        (LISTS / f"{language}.{kind}").read_text(encoding="utf-8").splitlines() for kind in ("tsv", "stop")
    )
    return build_lexicon(language, lines, stop_words)


if __name__ == "__main__":
    main()
