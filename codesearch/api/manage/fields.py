"""What a client says: the JSON body of a deed as a model, and the query of a list; each wrong field in one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from codesearch.api.retrieval_request import parse_json_object
from codesearch.api.wording import say_problem
from codesearch.core.errors import InvalidRequestError

Model = TypeVar("Model", bound=BaseModel)
Item = TypeVar("Item")

DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 1000
_MOST_PROBLEMS: Final = 3


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is wanted: so many from the `offset`th on, counted from 0."""

    limit: int
    offset: int

    def cut(self, items: Sequence[Item]) -> Sequence[Item]:
        """Return this part of a list."""
        return items[self.offset : self.offset + self.limit]

    def describe(self, total: int) -> dict[str, int]:
        """Return how many there are, and where the next part begins if there is one."""
        following = self.offset + self.limit
        return {"total": total, **({"next_offset": following} if following < total else {})}


def parse_fields(body: bytes, model: type[Model]) -> Model:
    """Return a body as a model; an empty one where the model needs nothing. Raises InvalidRequestError."""
    names = ", ".join(model.model_fields)
    needs = any(field.is_required() for field in model.model_fields.values())
    values = parse_json_object(body, names) if needs or body.strip() else {}
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise InvalidRequestError(_describe(error, model)) from error


def read_page(query: Mapping[str, str]) -> Page:
    """Return `limit` and `offset` of a query. Raises InvalidRequestError."""
    limit = _read_number(query, "limit", DEFAULT_LIMIT)
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidRequestError(f"limit must be a whole number from 1 to {MAX_LIMIT}.")
    return Page(limit, _read_number(query, "offset", 0))


def read_choice(query: Mapping[str, str], name: str, choices: Sequence[str]) -> str | None:
    """Return a parameter that is one of a few words, None where it is not there. Raises InvalidRequestError."""
    value = query.get(name, "").strip()
    if value and value not in choices:
        raise InvalidRequestError(f"{name} must be one of {', '.join(choices)}.")
    return value or None


def has_words(name: str, query: Mapping[str, str]) -> bool:
    """Say whether a name has all the words of `query`; case makes no difference."""
    return all(word in name.casefold() for word in query.get("query", "").casefold().split())


def _read_number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, "").strip()
    if not text:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > 15:
        raise InvalidRequestError(f"{name} must be a whole number from 0 on.")
    return int(text)


def _describe(error: ValidationError, model: type[BaseModel]) -> str:
    """Return the first problems in a line; never a value, which may be a secret in the wrong field."""
    problems = []
    for item in error.errors(include_url=False, include_input=False)[:_MOST_PROBLEMS]:
        name = ".".join(str(part) for part in item["loc"]) or "the body"
        if item["type"] == "extra_forbidden":
            # A misspelt field that is passed over would do something else than was asked.
            problems.append(f"Unknown field {name[:100]!a}; there are {', '.join(model.model_fields)}.")
        else:
            problems.append(f"{say_problem(name[:100], item['type'], item['msg'])}.")
    return " ".join(problems)
