"""Lexicons: keys that forms share, order of meanings, files of the user's own, and what ships."""

from __future__ import annotations

from pathlib import Path

import pytest

from codesearch.core.errors import ConfigurationError
from codesearch.retrieval.translation.lexicon import build_lexicon, join_lexicons, read_lexicon, write_lexicon
from codesearch.retrieval.translation.translation import LANGUAGES, Lexicons

ROOT = Path(__file__).parents[4]


def test_forms_of_a_word_share_a_key() -> None:
    lexicon = build_lexicon("de", ["request\tanfrage"], [])
    assert [
        any(key in lexicon.meanings for key in lexicon.keys_of(word)) for word in ("Anfragen", "Anfrage", "Frage")
    ] == [
        True,
        True,
        False,
    ]


def test_accents_may_be_left_out() -> None:
    lexicon = build_lexicon("fr", ["session\tséance"], ["où"])
    assert any(key in lexicon.meanings for key in lexicon.keys_of("seance"))
    assert "ou" in lexicon.stop


def test_the_term_that_a_form_is_said_of_first_comes_first() -> None:
    lexicon = build_lexicon("de", ["apply\tanwenden|anwendung", "application\tanwendung"], [])
    assert lexicon.meanings["anwendung"] == ("application", "apply")


@pytest.mark.parametrize("line", ["request", "\tanfrage", "request\t", "request\t | "])
def test_a_line_that_is_none_is_named(line: str) -> None:
    with pytest.raises(ValueError, match="line 2 has to be an English term, a tab"):
        build_lexicon("de", ["error\tfehler", line], [])


def test_what_was_written_is_read() -> None:
    lexicon = build_lexicon("ru", ["error\tошибка", "retry\tповтор|повторить"], ["как", "a"])
    again = read_lexicon("ru", write_lexicon(lexicon))
    assert (again.meanings, again.stop, again.own, again.longest) == (
        lexicon.meanings,
        lexicon.stop,
        lexicon.own,
        lexicon.longest,
    )


def test_the_first_of_two_lexicons_says_it_first() -> None:
    own, bundled = (
        build_lexicon("de", ["order\tauftrag"], []),
        build_lexicon("de", ["job\tauftrag", "error\tfehler"], []),
    )
    joined = join_lexicons(own, bundled)
    assert joined.meanings["auftrag"] == ("order", "job")
    assert joined.meanings["fehler"] == ("error",)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_ships_is_made_of_the_lists(language: str) -> None:
    lists = ROOT / "training" / "lexicons"
    lines, stop = ((lists / f"{language}.{kind}").read_text(encoding="utf-8").splitlines() for kind in ("tsv", "stop"))
    shipped = ROOT / "codesearch" / "retrieval" / "translation" / "lexicons" / f"{language}.json"
    assert shipped.read_text(encoding="utf-8") == write_lexicon(build_lexicon(language, lines, stop))
    assert len(lines) > 1_500
    assert len(stop) > 100


def test_a_language_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "it.tsv").write_text("# ours\nerror\terrore|errori\nhandle\tgestire|gestiti\n", encoding="utf-8")
    (tmp_path / "it.stop").write_text("come\nvengono\ngli\ndove\n", encoding="utf-8")
    translation = Lexicons(tmp_path).translate("come vengono gestiti gli errori")
    assert translation is not None
    assert (translation.language, translation.write()) == ("it", "handle error")


def test_a_term_of_ones_own_comes_first(tmp_path: Path) -> None:
    question = "wo wird die Anfrage geprüft"
    bundled = Lexicons().translate(question)
    assert bundled is not None
    assert "request" in bundled.write()
    (tmp_path / "de.tsv").write_text("inquiry\tanfrage\n", encoding="utf-8")
    own = Lexicons(tmp_path).translate(question)
    assert own is not None
    assert own.write() == bundled.write().replace("request", "inquiry")


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "it.tsv").write_text("error errore\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"it\.tsv cannot be read: line 1 has to be"):
        Lexicons(tmp_path)


def test_no_folder_is_fine(tmp_path: Path) -> None:
    assert Lexicons(tmp_path / "missing").translate("where are requests retried") is None
