"""Questions in other languages find what the English ones do."""

from __future__ import annotations

import pytest

from codesearch.assembly import LOCAL_PRINCIPAL, Assembly
from codesearch.core.types import SearchQuery

ASKED = {
    ("billing-java-kotlin", "core/src/main/java/test/billing/money/Money.java"): {
        "de": "einen Geldbetrag in Raten aufteilen, ohne einen Cent zu verlieren",
        "fr": "répartir un montant en plusieurs parts sans perdre un centime",
        "es": "dividir un importe de dinero en partes sin perder un céntimo",
        "pt": "dividir um valor em dinheiro em partes sem perder um centavo",
        "ru": "разделить денежную сумму на части без потери копейки",
        "zh": "把金额分配成几份且不丢失一分钱",
        "ja": "金額を分割して割り当てる",
        "ko": "금액을 나누어 할당",
    },
    ("billing-java-kotlin", "edge/src/main/kotlin/test/billing/edge/CsvReader.kt"): {
        "de": "CSV-Text mit Anführungszeichen und Zeilenumbrüchen lesen",
        "fr": "lire du texte CSV avec des guillemets et des sauts de ligne",
        "es": "leer texto CSV con comillas y saltos de línea",
        "pt": "ler texto CSV com aspas e quebras de linha",
        "ru": "чтение текста CSV с кавычками и переводами строк",
        "zh": "读取带引号和换行的 CSV 文本",
        "ja": "引用符と改行を含む CSV テキストを読み込む",
        "ko": "따옴표와 줄바꿈이 있는 CSV 텍스트 읽기",
    },
}
CASES = [(*place, language, text) for place, texts in ASKED.items() for language, text in texts.items()]


@pytest.mark.parametrize(("repository", "path", "language", "text"), CASES, ids=[f"{c[1][-9:]} {c[2]}" for c in CASES])
def test_the_file_is_among_the_first(
    fixtures_index: Assembly, repository: str, path: str, language: str, text: str
) -> None:
    query = SearchQuery(repository, text, 3, explain=True)
    hits = fixtures_index.retriever.retrieve(LOCAL_PRINCIPAL, query)
    assert path in [hit.chunk.path for hit in hits]
    explanation = hits[0].explanation
    assert explanation is not None
    assert explanation.read_as


def test_english_is_not_read_as_anything(fixtures_index: Assembly) -> None:
    query = SearchQuery("billing-java-kotlin", "recognise which bill a bank transfer pays", 3, explain=True)
    for hit in fixtures_index.retriever.retrieve(LOCAL_PRINCIPAL, query):
        assert hit.explanation is not None
        assert hit.explanation.read_as == ()
