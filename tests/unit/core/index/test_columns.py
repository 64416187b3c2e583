"""What a segment says of names and stems is what their texts say, however it is worked out."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from codesearch.core.text.terms import hash_token, terms_of
from codesearch.core.text.tokens import tokenize
from tests.unit.core.store.store_rows import build_index, make_row

NAMES = st.one_of(
    st.from_regex(r"_{0,2}[a-zA-Z]{1,9}(?:_{1,2}[a-zA-Z0-9]{1,9}){0,3}_{0,2}", fullmatch=True),
    st.sampled_from(["", "_", "größe_2", "在庫", "operator ==", "~Pool", "a" * 70, "a_b" * 30, "if retry", "ﬁle"]),
    st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0."), max_size=12),
)


@given(names=st.lists(NAMES, min_size=1, max_size=5))
def test_names_and_stems_have_the_terms_of_their_texts(names: list[str]) -> None:
    rows = [
        make_row(f"src/{row}_someFile.py", symbol=f"Owner.{name}" if name else None) for row, name in enumerate(names)
    ]
    with tempfile.TemporaryDirectory() as folder:
        index = build_index(Path(folder), rows)
        whole_terms = index.name_terms_of(np.arange(len(names)))
        for row, name in enumerate(names):
            tokens = tokenize(name)
            assert index.name_lengths[row] == len(set(terms_of(name)))
            assert whole_terms[row] == (hash_token(tokens[0]) if tokens else 0)
            assert index.file_stem_lengths[row] == len(set(terms_of(f"{row}_someFile")))
