"""WordReader: the words of lines are those that a pattern finds, known or new, short or long."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.core.text import word_reading
from codesearch.core.text.word_reading import NO_WORD, WordReader

LINES = st.one_of(
    st.text(alphabet=st.characters(max_codepoint=127, exclude_characters="\n"), max_size=50),
    st.from_regex(r"(?:[ab_0Z]{1,9}|[xy]{7,9}|[xy]{15,17}|[xy]{31,40})(?:[ .\r][ab]{1,3}){0,3}", fullmatch=True),
)


class Numbers(dict[str, int]):
    """Numbers words in the order they come; those of underscores alone are none."""

    def __missing__(self, word: str) -> int:
        self[word] = len(self) if word.strip("_") else NO_WORD
        return self[word]


@pytest.mark.parametrize("slot_bits", [1, 17])
@given(texts=st.lists(st.lists(LINES, max_size=6), min_size=1, max_size=4))
def test_words_are_those_of_a_pattern(slot_bits: int, texts: list[list[str]]) -> None:
    numbers = Numbers()
    with pytest.MonkeyPatch.context() as patch:
        # In two slots most words take the place of another.
        patch.setattr(word_reading, "_SLOT_BITS", slot_bits)
        reader = WordReader(numbers)
        for lines in [*texts, *texts]:
            found, starts = reader.read("\n".join([*lines, ""]), len(lines))
            words = {number: word for word, number in numbers.items() if number != NO_WORD}
            read = [
                [words[number] for number in found[first:last].tolist()]
                for first, last in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)
            ]
            assert read == [[word for word in re.findall(r"[A-Za-z0-9_]+", line) if word.strip("_")] for line in lines]
