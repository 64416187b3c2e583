"""The model that the settings name, found and loaded: the bundled one, one of fastembed's list, or a folder."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from codesearch.core.embedding.embedder import Embedder, with_text_version
from codesearch.core.embedding.fastembed_model import FastembedModel
from codesearch.core.embedding.static_model import MODEL_FILE, TOKENIZER_FILE, StaticModel
from codesearch.core.errors import ConfigurationError
from codesearch.core.text.chunk_text import PREFIX_TOKENS
from codesearch.core.types import BUNDLED_MODEL

_BUNDLED_FOLDER = Path(__file__).parents[2] / "bundled_model"
_STATIC_FILES = (MODEL_FILE, TOKENIZER_FILE)
_STATIC_NAME = "codesearch/static"
_MIN_CONTEXT_TOKENS = 2 * PREFIX_TOKENS
_PARALLELISM = "TOKENIZERS_PARALLELISM"


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
        fingerprint = with_text_version(_static_fingerprint(_BUNDLED_FOLDER, BUNDLED_MODEL))
        return ModelIdentity(BUNDLED_MODEL, fingerprint, int(header["embeddings"]["shape"][1]))
    except (OSError, ValueError, LookupError) as error:
        raise _damaged_bundle(error) from error


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
        return Embedder(FastembedModel(model, is_static=True), name, lambda: fingerprint, is_static=True)
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
        for description in model_class._list_supported_models():  # noqa: SLF001 - the public one lists without classes
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
        running = FastembedModel(model, is_static=is_static)
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


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
