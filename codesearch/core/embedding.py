"""Embedder: texts to unit vectors, chunks for the indexer and queries for retrieval. The only import of fastembed."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from codesearch.core.chunk_text import (
    MAX_HEAD_REPEATS,
    PREFIX_TOKENS,
    TEXT_VERSION,
    embedding_text,
    find_prefixes,
    query_text,
)
from codesearch.core.errors import ConfigurationError
from codesearch.core.static_model import MODEL_FILE, TOKENIZER_FILE, StaticModel
from codesearch.core.types import BUNDLED_MODEL, Chunk
from codesearch.core.word_tokenizer import WordTokenizer, splits_at_words

if TYPE_CHECKING:
    from fastembed import TextEmbedding
    from tokenizers import Tokenizer

__all__ = ["PREFIX_TOKENS", "Embedder", "embedding_text", "load_embedder", "query_text"]

_BUNDLED_FOLDER = Path(__file__).parent.parent / "bundled_model"
_STATIC_FILES = (MODEL_FILE, TOKENIZER_FILE)
_STATIC_NAME = "codesearch/static"
_STATIC_BATCH_SIZE = 256
# A transformer pads a batch to its longest text and holds all of its activations.
_TRANSFORMER_BATCH_SIZE = 16
_MIN_CONTEXT_TOKENS = 2 * PREFIX_TOKENS
_PARALLELISM = "TOKENIZERS_PARALLELISM"


class TextModel(Protocol):
    """What turns texts into vectors of any length; `max_tokens` is its context."""

    dimension: int
    max_tokens: int

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts: (n, dimension), in order."""

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Embed one text: (1, dimension)."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text, without truncation or special tokens."""


class Embedder:
    """An embedding model, loaded. Safe to use from several threads.

    `fingerprint` changes whenever the same chunk would get another vector; `max_tokens` is the model's context.
    """

    def __init__(self, model: TextModel, name: str, fingerprint_model: Callable[[], str], *, is_static: bool) -> None:
        self.name = name
        self._model = model
        self._fingerprint_model = fingerprint_model
        # Attention finds a head that is said once.
        self._max_head_repeats = MAX_HEAD_REPEATS if is_static else 1
        self._prefixes = find_prefixes(name)
        self.dimension = model.dimension
        self.max_tokens = model.max_tokens

    @property
    def static_model(self) -> StaticModel | None:
        """The model where it is the bundled one, which gives words their token ids."""
        return self._model if isinstance(self._model, StaticModel) else None

    def embed_ids(self, ids: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        """Embed texts by the token ids of the bundled model, one text's after the other, each of such a length."""
        if not isinstance(self._model, StaticModel):
            raise TypeError("only the bundled model takes token ids")
        return _normalise(self._model.embed_ids(ids, lengths))

    @cached_property
    def fingerprint(self) -> str:
        """What tells the vectors of this model from others; to embed, nobody needs it."""
        return _with_text_version(self._fingerprint_model())

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed chunk texts: (n, dimension), in order, rows of length 1; zero rows where there is nothing to embed.

        A text's vector does not depend on its neighbours beyond rounding. What is over `max_tokens` is cut.
        """
        filled = [index for index, text in enumerate(texts) if text.strip()]
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        if filled:
            prefix = self._prefixes.passage
            passages = [prefix + texts[index] for index in filled] if prefix else [texts[index] for index in filled]
            vectors[filled] = _normalise(self._model.embed_passages(passages))
        return vectors

    def embed_chunks(self, chunks: Sequence[Chunk]) -> NDArray[np.float32]:
        """Embed chunks by their `embedding_text`: (n, dimension), in order, rows of length 1."""
        return self.embed([embedding_text(chunk, max_repeats=self._max_head_repeats) for chunk in chunks])

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Embed a query: (dimension,), of length 1, or zeros for a query without words."""
        query = query_text(text)
        if not query:
            return np.zeros(self.dimension, dtype=np.float32)
        vector: NDArray[np.float32] = _normalise(self._model.embed_query(self._prefixes.query + query))[0]
        return vector

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the model's own tokens in each text, without truncation or special tokens; quick for many texts."""
        return self._model.count_tokens(texts)


class _FastembedModel:
    """A model that fastembed runs."""

    def __init__(self, model: TextEmbedding, *, is_static: bool) -> None:
        self._model = model
        # Every text model of fastembed has one, though their base class does not say so.
        self._tokenizer: Tokenizer = model.model.tokenizer  # type: ignore[attr-defined]
        self._words: WordTokenizer | None = None
        self._batch_size = _STATIC_BATCH_SIZE if is_static else _TRANSFORMER_BATCH_SIZE
        self.dimension = len(next(iter(model.embed(["dimension"]))))
        self.max_tokens: int = self._tokenizer.truncation["max_length"]
        if is_static and splits_at_words(self._tokenizer):
            self._tokenizer.no_truncation()
            self._words = model.model.tokenizer = WordTokenizer(self._tokenizer, self.max_tokens)  # type: ignore[attr-defined]

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.stack(list(self._model.passage_embed(texts, batch_size=self._batch_size)))

    def embed_query(self, text: str) -> NDArray[np.float32]:
        return np.stack(list(self._model.query_embed([text])))

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        if self._words is not None:
            return self._words.count_tokens(texts)
        encodings = self._counting_tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding) for encoding in encodings]

    @cached_property
    def _counting_tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        # A copy: the model's own goes on truncating. Built on first use, as answering queries never counts.
        tokenizer = Tokenizer.from_str(self._tokenizer.to_str())
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer


class ModelSettings(Protocol):
    """The settings that say which model it is."""

    @property
    def embedding_model(self) -> str:
        """`bundled`, a model of fastembed's list, or a folder."""

    @property
    def resolved_model_cache_dir(self) -> Path:
        """Where downloaded models are kept."""


def load_embedder(settings: ModelSettings) -> Embedder:
    """Load the model that CODESEARCH_EMBEDDING_MODEL names: `bundled`, a model of fastembed's list, or a folder.

    A listed model is downloaded once into the model cache. Raises ConfigurationError, with what to do, for an unknown
    name, a folder without a static model, or a failed download.
    """
    if os.name == "posix":
        _allow_forks()
    _limit_blas_threads()
    name = settings.embedding_model
    if name == BUNDLED_MODEL:
        return _load_bundled()
    _silence_fastembed()
    listed = _find_listed(name)
    if listed is not None:
        return _load_listed(listed, settings.resolved_model_cache_dir)
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _load_static(folder, folder.resolve().name)
    raise ConfigurationError(
        f"CODESEARCH_EMBEDDING_MODEL: {name!r} is neither {BUNDLED_MODEL!r}, nor a folder, nor a model that fastembed "
        f"lists{_suggest(name)}."
    )


class ModelIdentity(NamedTuple):
    """What tells the vectors of one model from those of another; the same as the Embedder's attributes."""

    name: str
    fingerprint: str
    dimension: int


def identify_bundled_model() -> ModelIdentity:
    """Return the bundled model's identity without loading it, which takes a fifth of a short command's time.

    Raises ConfigurationError when its files cannot be read.
    """
    try:
        with (_BUNDLED_FOLDER / _STATIC_FILES[0]).open("rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        fingerprint = _with_text_version(_static_fingerprint(_BUNDLED_FOLDER, BUNDLED_MODEL))
        return ModelIdentity(BUNDLED_MODEL, fingerprint, int(header["embeddings"]["shape"][1]))
    except (OSError, ValueError, LookupError) as error:
        raise _damaged_bundle(error) from error


def _with_text_version(model_fingerprint: str) -> str:
    return f"{model_fingerprint}/text-{TEXT_VERSION}"


def _static_fingerprint(folder: Path, name: str) -> str:
    return f"{name}@{_hash_files(folder)}"


def _silence_fastembed() -> None:
    """Keep its log lines off stderr."""
    from loguru import logger

    logger.disable("fastembed")


def _limit_blas_threads() -> None:
    """Let BLAS use one thread: beside busy cores its threads wait for one another, 3,000 texts/s instead of 100,000."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=1, user_api="blas")


def _allow_forks() -> None:
    """Let tokenizers use its threads here and not in forked children, where those threads do not exist."""
    global _forks_allowed
    if _forks_allowed:
        return
    _forks_allowed = True
    # putenv, since the library reads the C environment on every call; os.environ stays the user's.
    os.putenv(_PARALLELISM, "true")
    os.register_at_fork(
        before=lambda: os.putenv(_PARALLELISM, "false"), after_in_parent=lambda: os.putenv(_PARALLELISM, "true")
    )


_forks_allowed = False


def _load_bundled() -> Embedder:
    try:
        model = StaticModel(_BUNDLED_FOLDER)
    except (OSError, ValueError, LookupError) as error:
        raise _damaged_bundle(error) from error
    return Embedder(model, BUNDLED_MODEL, lambda: _static_fingerprint(_BUNDLED_FOLDER, BUNDLED_MODEL), is_static=True)


def _damaged_bundle(error: Exception) -> ConfigurationError:
    return ConfigurationError(f"The bundled embedding model is damaged: {error}. Install codesearch again.")


def _load_static(folder: Path, name: str) -> Embedder:
    missing = [file for file in _STATIC_FILES if not (folder / file).is_file()]
    if missing:
        raise ConfigurationError(
            f"The embedding model folder {folder} has no {' and no '.join(missing)}. "
            "It must hold a static model as model2vec writes it."
        )
    from fastembed import TextEmbedding

    _register_static_name()
    try:
        model = TextEmbedding(_STATIC_NAME, specific_model_path=str(folder))
        fingerprint = _static_fingerprint(folder, name)
        return Embedder(_FastembedModel(model, is_static=True), name, lambda: fingerprint, is_static=True)
    except Exception as error:  # the loaders raise bare Exception, KeyError, ValueError and OSError for damaged files
        raise ConfigurationError(f"The embedding model in {folder} cannot be loaded: {_one_line(error)}") from error


def _register_static_name() -> None:
    """Make fastembed know static models that come from a folder, under a name of our own."""
    from fastembed.common.model_description import DenseModelDescription, ModelSource
    from fastembed.text.static_embedding import supported_static_models

    if all(description.model != _STATIC_NAME for description in supported_static_models):
        description = DenseModelDescription(
            model=_STATIC_NAME,
            dim=0,
            description="A static model from a local folder; its dimension is that of its table.",
            license="",
            size_in_GB=0,
            sources=ModelSource(url="file:"),
            model_file=_STATIC_FILES[0],
        )
        supported_static_models.append(description)


def _hash_files(folder: Path) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for file in _STATIC_FILES:
        digest.update((folder / file).read_bytes())
    return digest.hexdigest()


class _Listed(NamedTuple):
    """A model of fastembed's list, by its exact name, and the class that runs it with its description."""

    name: str
    model_class: Any
    description: Any


def _list_models() -> Iterable[_Listed]:
    from fastembed import TextEmbedding

    for model_class in TextEmbedding.EMBEDDINGS_REGISTRY:
        for description in model_class._list_supported_models():
            if description.model != _STATIC_NAME:
                yield _Listed(description.model, model_class, description)


def _find_listed(name: str) -> _Listed | None:
    return next((listed for listed in _list_models() if listed.name.lower() == name.lower()), None)


def _load_listed(listed: _Listed, cache_folder: Path) -> Embedder:
    from fastembed import TextEmbedding

    try:
        # One attempt: fastembed's own three take 40 seconds to say that there is no network.
        folder = listed.model_class.download_model(listed.description, str(cache_folder), retries=1)
    except Exception as error:  # whatever the hub client, its HTTP library or the disk raise
        raise ConfigurationError(
            f"The embedding model {listed.name!r} is not in {cache_folder} and cannot be downloaded "
            f"({_one_line(error)}) Check the network, set HF_ENDPOINT to a mirror, fill that folder on another "
            f"machine, or set CODESEARCH_EMBEDDING_MODEL={BUNDLED_MODEL}."
        ) from error
    try:
        model = TextEmbedding(listed.name, cache_dir=str(cache_folder), specific_model_path=str(folder))
        is_static = listed.description.model_file == _STATIC_FILES[0]
        # The hub's cache keeps each revision in a folder of its own, named after the commit.
        fingerprint = f"{listed.name}@{folder.name}"
        running = _FastembedModel(model, is_static=is_static)
        embedder = Embedder(running, listed.name, lambda: fingerprint, is_static=is_static)
    except Exception as error:  # onnxruntime and the tokenizer raise their own for damaged files
        raise ConfigurationError(
            f"The embedding model {listed.name!r} in {folder} cannot be loaded ({_one_line(error)}). "
            f"Delete {cache_folder} to download it again."
        ) from error
    if embedder.max_tokens < _MIN_CONTEXT_TOKENS:
        raise ConfigurationError(
            f"The embedding model {listed.name!r} reads {embedder.max_tokens} tokens; code needs at least "
            f"{_MIN_CONTEXT_TOKENS}. Choose another for CODESEARCH_EMBEDDING_MODEL."
        )
    return embedder


def _suggest(name: str) -> str:
    by_ending = {listed.name.rpartition("/")[2].lower(): listed.name for listed in _list_models()}
    by_name = {listed.name.lower(): listed.name for listed in _list_models()}
    candidates = {**by_ending, **by_name}
    close = get_close_matches(name.lower(), candidates, n=5, cutoff=0.5)
    nearest = list(dict.fromkeys(candidates[match] for match in close))[:3]
    return f" (nearest: {', '.join(nearest)})" if nearest else ""


def _normalise(vectors: NDArray[Any]) -> NDArray[np.float32]:
    """Give vectors length 1; not every model of fastembed's does. Zero vectors stay zero."""
    vectors = vectors.astype(np.float32, copy=False)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    lengths[lengths == 0] = 1
    normalised: NDArray[np.float32] = vectors / lengths
    return normalised


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
