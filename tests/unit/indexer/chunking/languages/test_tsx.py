"""The table of TSX."""

from __future__ import annotations

from indexer.chunking.languages.table import language_name_of
from tests.unit.indexer.chunking.definition_finding import kinds_in

TSX = "export const App = ({ a }: Props) => { const onClick = () => 1; return <b onClick={onClick}>{a}</b>; };\n"


def test_finds_every_definition() -> None:
    expected = {("function", "App"), ("function", "App.onClick")}
    assert language_name_of("a.tsx", TSX) == "tsx"
    assert kinds_in("a.tsx", TSX) == expected
