"""How much a word tells: what all software says tells little, what none says most."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from codesearch.core.errors import ConfigurationError
from codesearch.core.index.array_file import map_arrays, write_arrays
from codesearch.core.text.terms import term_of
from codesearch.retrieval import word_information
from codesearch.retrieval.word_information import MOST, STEPS, load_word_information, measure_information
from tests.floats import near


def told_by(*words: str) -> list[float]:
    measured: list[float] = measure_information(np.array([term_of(word) for word in words], np.uint32)).tolist()
    return measured


def test_the_table_is_whole() -> None:
    terms, information = load_word_information()
    assert len(terms) == len(information) > 10_000
    assert np.all(np.diff(terms.astype(np.int64)) > 0)
    assert information.max() <= STEPS
    assert map_arrays(word_information._FILE)[1]["repositories"] > 100


def test_the_fewer_rows_say_a_word_the_more_it_tells() -> None:
    common, of_a_trade, rare = told_by("name", "cookie", "sourdough")
    assert 0 < common < of_a_trade < rare == near(MOST)


def test_words_that_no_repository_has_tell_most() -> None:
    first, last = told_by("aqzvnonsense", "zzqvnonsense")
    assert first == last == near(MOST)
    assert told_by() == []


def test_every_term_of_the_table_is_found() -> None:
    terms, information = load_word_information()
    assert np.allclose(measure_information(terms), MOST / STEPS * information.astype(np.float64))


@pytest.mark.parametrize("content", [b"", b"nothing of ours", None])
def test_a_damaged_table_is_a_clear_error(
    tmp_path: Path, content: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "information.bin"
    if content is None:
        write_arrays(path, {"terms": np.zeros(1, np.uint32)}, {})
    else:
        path.write_bytes(content)
    monkeypatch.setattr(word_information, "_FILE", path)
    with pytest.raises(ConfigurationError, match="Install codesearch again"):
        load_word_information.__wrapped__()
