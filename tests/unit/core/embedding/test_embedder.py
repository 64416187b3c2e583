"""The bundled model and the Embedder around it, on the real files."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from fastembed import TextEmbedding
from hypothesis import given
from hypothesis import strategies as st

import codesearch
from codesearch.core.config import load_settings
from codesearch.core.embedding.embedder import Embedder
from codesearch.core.embedding.loading import identify_bundled_model, load_embedder
from codesearch.core.errors import ConfigurationError
from codesearch.core.text.chunk_text import PREFIX_TOKENS, embedding_text, find_prefixes, query_text
from codesearch.core.types import ArtifactKind, Chunk
from tests.floats import near
from tests.patience import PATIENCE_SECONDS

MODEL_FOLDER = Path(codesearch.__file__).parent / "bundled_model"
RETRY = "def retry(call, attempts):\n    for attempt in range(attempts):\n        time.sleep(backoff * 2 ** attempt)"
STYLESHEET = ".button { color: red; border-radius: 4px; padding: 0 1em }"
TEXTS = ["parse the HTTP response", RETRY, STYLESHEET, "x", "SELECT name FROM users WHERE id = 1", "日本語のテキスト"]


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    loaded = load_embedder(load_settings())
    # No single example should take as long as the tokenizer takes to load.
    loaded.embed(["漢"])
    return loaded


def make_chunk(
    content: str, *, path: str = "src/http_client.py", symbol: str | None = None, signature: str | None = None
) -> Chunk:
    return Chunk(
        path, 1, content.count("\n") + 1, content, ArtifactKind.SYMBOL, "python", symbol, "function", signature
    )


def load_named(name: str, tmp_path: Path) -> Embedder:
    return load_embedder(load_settings(embedding_model=name, model_cache_dir=tmp_path / "cache"))


def test_the_bundled_model_is_small_and_described() -> None:
    files = [path for path in MODEL_FOLDER.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 20 * 1024 * 1024
    description = json.loads((MODEL_FOLDER / "model.json").read_text(encoding="utf-8"))
    assert description["license"] == "Apache-2.0"
    for name, digest in description["blake2b"].items():
        assert hashlib.blake2b((MODEL_FOLDER / name).read_bytes(), digest_size=16).hexdigest() == digest


def test_embeds_unit_rows_in_order(embedder: Embedder) -> None:
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dimension)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == near(np.ones(len(TEXTS)))
    assert vectors == near(embedder.embed(TEXTS))


def test_a_text_alone_has_the_vector_it_has_in_a_batch(embedder: Embedder) -> None:
    texts = [f"{text} {number}" for number in range(150) for text in TEXTS]
    together = embedder.embed(texts)
    alone = np.concatenate([embedder.embed([text]) for text in texts])
    assert np.abs(together - alone).max() < 1e-6
    assert np.abs(embedder.embed_query(texts[0]) - together[0]).max() < 1e-6


@pytest.mark.parametrize("text", ["", " \n\t", "{}();"])
def test_a_text_without_words_is_a_zero_vector(embedder: Embedder, text: str) -> None:
    vectors = embedder.embed([text, "word", text])
    assert not vectors[0].any()
    assert not vectors[2].any()
    assert vectors[1].any()
    assert not embedder.embed_query(text).any()


def test_embeds_no_texts(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, embedder.dimension)
    assert embedder.count_tokens([]) == []


@pytest.mark.parametrize(
    ("identifier", "words"),
    [
        ("parseHttpResponse", "parse_http_response"),
        ("HTTPServerError", "http server error"),
        ("MAX_RETRY_COUNT", "max retry count"),
        ("utf8Decoder", "UTF 8 decoder"),
        ("Client.sendRequest()", "client send request"),
        ("XMLTOKENIZER", "xmltokenizer"),
    ],
)
def test_identifiers_embed_as_their_words(embedder: Embedder, identifier: str, words: str) -> None:
    left, right = embedder.embed([identifier, words])
    assert left @ right == near(1)


@pytest.mark.parametrize(
    ("query", "answer", "other"),
    [
        ("retry with backoff", RETRY, STYLESHEET),
        ("button style", STYLESHEET, RETRY),
        ("read a file from disk", "with open(path) as handle:\n    data = handle.read()", "return width * height"),
        ("delete a user account", "def remove_user(user_id): ...", "def render_chart(points): ..."),
    ],
)
def test_a_query_is_nearer_to_what_it_means(embedder: Embedder, query: str, answer: str, other: str) -> None:
    near, far = embedder.embed([answer, other]) @ embedder.embed_query(query)
    assert near > far + 0.1


def test_counts_tokens_without_truncation(embedder: Embedder) -> None:
    assert embedder.count_tokens(["parseHttpResponse2", "", "word " * 2000]) == [4, 0, 2000]


@given(lines=st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=80), max_size=12))
def test_a_text_has_as_many_tokens_as_its_lines(embedder: Embedder, lines: list[str]) -> None:
    single = [line for text in lines for line in text.splitlines()]
    assert embedder.count_tokens(["\n".join(single)]) == [sum(embedder.count_tokens(single))]


def test_the_head_never_cuts_content(embedder: Embedder) -> None:
    words = ["alpha"] * (embedder.max_tokens - PREFIX_TOKENS - 1)
    path = "/".join(["deeply"] * 100) + "/nested_file.py"
    chunks = [
        make_chunk(" ".join([*words, last]), path=path, symbol="Outer." * 60 + "inner", signature="def inner()" * 60)
        for last in ("zebra", "alpha")
    ]
    counts = embedder.count_tokens([embedding_text(chunk) for chunk in chunks])
    assert min(counts) > embedder.max_tokens
    with_last, without = embedder.embed_chunks(chunks)
    zebra = embedder.embed_query("zebra")
    assert with_last @ zebra > without @ zebra + 0.001


def test_a_chunk_is_found_by_its_path_and_name(embedder: Embedder) -> None:
    body = "return [self.items[index] for index in order]" * 10
    named = make_chunk(body, path="billing/invoice_total.py", symbol="Invoice.sum_taxes")
    other = make_chunk(body, path="graphics/polygon_area.py", symbol="Polygon.measure")
    near, far = embedder.embed_chunks([named, other]) @ embedder.embed_query("invoice taxes")
    assert near > far + 0.2


def test_embedding_text_holds_lines_path_words_name_and_signature() -> None:
    text = embedding_text(make_chunk("    return 1", symbol="HttpClient.getAll", signature="def getAll(self) -> int"))
    assert text.startswith("    return 1\n")
    for part in ("src http client py", "http client get all", "def getAll(self) -> int"):
        assert part in text
    shown = make_chunk("def getAll(self) -> int:\n    return 1", signature="def getAll(self) -> int")
    assert embedding_text(shown).count("getAll") == 1


def test_a_chunk_of_a_whole_context_of_content_is_not_repeated_forever() -> None:
    short, long = (embedding_text(make_chunk("x " * size)) for size in (1, 5000))
    assert short.count("src http client py") == 1
    assert long.count("src http client py") == 4


def test_models_get_the_prefixes_they_were_trained_with() -> None:
    listed = {model["model"] for model in TextEmbedding.list_supported_models()}
    wanted = {name: find_prefixes(name) for name in listed}
    assert wanted["intfloat/multilingual-e5-large"] == ("query: ", "passage: ")
    assert wanted["nomic-ai/nomic-embed-text-v1.5"] == ("search_query: ", "search_document: ")
    assert wanted["BAAI/bge-small-en-v1.5"].query.startswith("Represent this sentence")
    assert wanted["minishlab/potion-base-8M"] == find_prefixes("bundled") == ("", "")


def test_query_text_drops_outer_space() -> None:
    assert query_text("  how does HttpClient.getAll work \n") == "how does HttpClient.getAll work"


@given(text=st.text(max_size=200))
def test_embeds_any_text(embedder: Embedder, text: str) -> None:
    length = float(np.linalg.norm(embedder.embed([text])[0]))
    assert length == 0 or length == near(1)
    assert embedder.embed_query(text).shape == (embedder.dimension,)


def test_a_folder_is_a_model_and_its_bytes_make_the_fingerprint(embedder: Embedder, tmp_path: Path) -> None:
    folder = tmp_path / "own-model"
    shutil.copytree(MODEL_FOLDER, folder)
    copy = load_named(str(folder), tmp_path)
    assert copy.name == "own-model"
    assert copy.embed(TEXTS) == near(embedder.embed(TEXTS))
    assert copy.fingerprint.partition("@")[2] == embedder.fingerprint.partition("@")[2]

    weights = bytearray((folder / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (folder / "model.safetensors").write_bytes(weights)
    assert load_named(str(folder), tmp_path).fingerprint != copy.fingerprint


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no model\.safetensors and no tokenizer\.json"):
        load_named(str(tmp_path), tmp_path)


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json"])
def test_a_damaged_model_is_one_clear_line(tmp_path: Path, file: str) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(MODEL_FOLDER, folder)
    (folder / file).write_bytes((folder / file).read_bytes()[:1000])
    with pytest.raises(ConfigurationError, match="cannot be loaded") as raised:
        load_named(str(folder), tmp_path)
    assert "\n" not in raised.value.message


def test_an_unknown_name_lists_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nearest: .*sentence-transformers/all-MiniLM-L6-v2"):
        load_named("all-minilm-l6", tmp_path)


def test_a_failed_download_says_so_quickly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    started = time.monotonic()
    with pytest.raises(ConfigurationError, match=r"cannot be downloaded.*CODESEARCH_EMBEDDING_MODEL=bundled"):
        load_named("sentence-transformers/all-MiniLM-L6-v2", tmp_path)
    assert time.monotonic() - started < 20


def test_a_cached_model_of_the_list_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    snapshot = tmp_path / "cache" / "models--minishlab--potion-base-8M" / "snapshots" / "0123abcd"
    shutil.copytree(MODEL_FOLDER, snapshot)
    (snapshot / "config.json").write_text("{}", encoding="utf-8")
    references = snapshot.parent.parent / "refs"
    references.mkdir()
    (references / "main").write_text("0123abcd", encoding="utf-8")
    listed = load_named("minishlab/potion-base-8m", tmp_path)
    assert listed.name == "minishlab/potion-base-8M"
    assert listed.fingerprint.startswith("minishlab/potion-base-8M@0123abcd/")
    assert listed.embed(["word"]).any()


@pytest.mark.usefixtures("own_data_folder")
@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="needs fork")
def test_a_forked_child_counts_without_hanging_or_warning() -> None:
    program = (
        "import multiprocessing\n"
        "from codesearch.core.config import load_settings\n"
        "from codesearch.core.embedding import load_embedder\n"
        "embedder = load_embedder(load_settings())\n"
        "embedder.embed(['some words'] * 500)\n"
        "def count(number): return sum(embedder.count_tokens(['two words'] * number))\n"
        "with multiprocessing.get_context('fork').Pool(2) as pool: print(pool.map(count, [500, 500]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    assert done.stdout == "[1000, 1000]\n"
    assert done.stderr == ""


def test_the_bundled_model_is_identified_without_loading_it(embedder: Embedder) -> None:
    assert identify_bundled_model() == (embedder.name, embedder.fingerprint, embedder.dimension)
