"""What comments in many languages and encodings are read as: floors, and that doubt is never taken for an answer."""

from __future__ import annotations

import random

import pytest

from indexer.source.decoding import Hints
from indexer.source.encoding.alphabets import load_alphabets, load_characters
from indexer.source.encoding.candidates import MULTI_BYTE, SINGLE_BYTE
from indexer.source.encoding.detection import detect
from indexer.source.skipping import SkipReason
from tests.unit.indexer.source.decoded import decode_text
from tests.unit.indexer.source.encoding.evaluation import Score, count_readings
from tests.unit.indexer.source.encoding.sentences import SENTENCES


def read(content: bytes) -> str | None:
    text = decode_text(content)
    return text if isinstance(text, str) else None


@pytest.fixture(scope="module")
def scores() -> dict[tuple[str, str, int], Score]:
    return count_readings(read)


def total(scores: list[Score]) -> Score:
    return Score(sum(item.right for item in scores), sum(item.wrong for item in scores), sum(i.left for i in scores))


def test_next_to_every_comment_is_read_right(scores: dict[tuple[str, str, int], Score]) -> None:
    alone = total([score for (_, _, comments), score in scores.items() if comments == 1])
    several = total([score for (_, _, comments), score in scores.items() if comments > 1])
    assert alone.total > 250
    assert alone.right / alone.total > 0.98
    assert several.right == several.total > 150


def test_no_comment_is_read_wrong(scores: dict[tuple[str, str, int], Score]) -> None:
    assert {key: score for key, score in scores.items() if score.wrong} == {}


@pytest.mark.parametrize("language", SENTENCES)
def test_no_language_is_left_behind(language: str, scores: dict[tuple[str, str, int], Score]) -> None:
    score = total([score for (name, _, _), score in scores.items() if name == language])
    assert score.right / score.total > 0.85


@pytest.mark.parametrize(
    "line",
    [
        "// naïve",
        "/* © 2020 Müller & Söhne */",
        "// 20 °C",
        "# façade",
        "// @author José Núñez",
        "// “quoted” text – it’s fine…",
        "// price 5 €",
        "// São Paulo",
        "// Ångström, Bjørn Åse",
        "label = 'déjà vu'",
        "// «texte»",
        "// § 5 Abs. 2",
        "// für",
        "-- año",
        "// perché no",
    ],
)
def test_single_accents_stay_western(line: str) -> None:
    text = f"int first;\n{line}\nint last;\n"
    assert decode_text(text.encode("cp1252")) == text


@pytest.mark.parametrize("share", [0.3, 0.6])
def test_random_bytes_are_no_text(share: float) -> None:
    source = random.Random(11)
    for size in (20, 60, 200, 1000) * 5:
        content = bytes(
            source.randrange(128, 256) if source.random() < share else source.randrange(32, 127) for _ in range(size)
        )
        reading = detect(content)
        assert reading is None or not reading.is_certain


def test_western_words_of_several_languages_in_one_file() -> None:
    text = (
        "<?php\n/** Schreibt Rechnungen: Grußzeile für Señora Núñez und François. */\n"
        "const GRUSS = 'Schöne Grüße aus Köln';\n"
        "// Kürzt die Straße, damit die Adresse ins Fenster paßt.\n"
    )
    assert decode_text(text.encode("cp1252")) == text


def test_a_list_of_letters_is_in_doubt() -> None:
    verdict = decode_text("letters = 'àâçéèêëîïôùûü'\n".encode("cp1252"))
    assert isinstance(verdict, tuple)
    assert verdict[0] is SkipReason.UNDECODABLE
    assert "the best guess is cp1251, but it is not certain" in verdict[1]


def test_other_files_tell() -> None:
    text = "x = 'Я'\n"
    assert not isinstance(decode_text(text.encode("cp1251")), str)
    assert decode_text(text.encode("cp1251"), Hints(others={"cp1251": 12})) == text
    assert decode_text(text.encode("koi8_r"), Hints(others={"koi8_r": 500})) == text


def test_what_is_in_doubt_is_read_in_the_fallback() -> None:
    text = "letters = 'àâçéèêëîïôùûü'\n"
    assert decode_text(text.encode("latin-1"), Hints(fallback="iso-8859-1")) == text
    # Nothing that is certain is read otherwise.
    sure = "// Размер буфера в байтах\n"
    assert decode_text(sure.encode("cp1251"), Hints(fallback="iso-8859-1")) == sure


def test_giant_lines_are_looked_at_in_pieces() -> None:
    text = "x" * 300_000 + "\n// это всё в одной строке, дальше ничего нет\n" + "y" * 300_000 + "\n"
    assert decode_text(text.encode("cp1251")) == text


def test_every_candidate_can_be_measured() -> None:
    assert {language for candidate in SINGLE_BYTE for language in candidate.languages} <= set(load_alphabets())
    for candidate in MULTI_BYTE:
        characters, logs = load_characters(candidate.languages[0])
        assert len(characters) == len(logs) > 300
    for candidate in (*SINGLE_BYTE, *MULTI_BYTE):
        every_ascii = bytes(range(0x20, 0x7F)).decode("ascii")
        assert every_ascii.encode("ascii").decode(candidate.codec) == every_ascii
