"""The values of metadata conditions: JSON as clients send it -> lower-cased text, numbers, spans of time. Pure."""

from __future__ import annotations

import re
import reprlib
from dataclasses import dataclass
from datetime import date, timedelta
from datetime import time as clock_time

from codesearch.core.errors import InvalidRequestError

MAX_VALUES = 1000
MAX_TEXT_LENGTH = 4096
# Whole numbers up to here are exact as floats and fit the store's 64-bit columns.
MAX_NUMBER = 2**53
SECONDS_PER_DAY = 86_400
_EPOCH = date(1970, 1, 1).toordinal()

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_TIME = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ](?P<clock>[0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?P<fraction>\.[0-9]{1,9})?"
    r" ?(?P<offset>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_SHORT = reprlib.Repr()
_SHORT.maxstring = 60
_SHORT.maxlevel = 2


def show(value: object) -> str:
    """Write a client's value into a message: one line, a few dozen characters at most."""
    return _SHORT.repr(value)


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """A moment (`end` is None) or a whole UTC day (`end` is where the next one begins), in Unix seconds."""

    start: int | float
    end: int | None = None


def split_values(value: object) -> list[object]:
    """Return the items of an `in` / `not in` value: a list's own, a string's between commas, or the value alone.

    Blanks around the pieces of a string are dropped, as are empty pieces; items of a list stay as they are.
    """
    if isinstance(value, str):
        items: list[object] = [piece.strip() for piece in value.split(",") if piece.strip()]
    else:
        items = list(value) if isinstance(value, list) else [value]
    if len(items) > MAX_VALUES:
        raise InvalidRequestError(f"{len(items)} values are too many; at most {MAX_VALUES} fit in one condition.")
    return items


def read_text(value: object) -> str:
    """Return the text that a string, number or boolean stands for, in lower case."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(_check_number(value))
    if not isinstance(value, str):
        raise InvalidRequestError(f"value {show(value)} is not a string.")
    if len(value) > MAX_TEXT_LENGTH:
        raise InvalidRequestError(f"a value of {len(value)} characters is too long; at most {MAX_TEXT_LENGTH} fit.")
    if _UNSTORABLE.search(value):
        raise InvalidRequestError(f"value {show(value)} holds a NUL or half a surrogate pair, which no field has.")
    return value.lower()


def read_extension(value: object, *, whole_start: bool) -> str:
    """Return a file extension's text such that `.py`, `py` and `.PY` are the same.

    The dot is supplied where the comparison covers the extension's start (`whole_start`), and dropped where it may
    fall anywhere: `contains py` and `contains .py` ask the same.
    """
    text = read_text(value).strip()
    bare = text.removeprefix(".")
    return f".{bare}" if whole_start and bare else bare


def read_number(value: object) -> int | float:
    """Return the number that a JSON number or numeric string stands for; whole ones as int."""
    if isinstance(value, str) and len(value) <= 64 and _NUMBER.fullmatch(value.strip()):
        text = value.strip()
        return _check_number(int(text) if text.lstrip("+-").isdigit() else float(text))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InvalidRequestError(f"value {show(value)} is not a number.")
    return _check_number(value)


def read_time(value: object) -> TimeSpan:
    """Return when: Unix seconds (number or numeric string) or ISO 8601 (UTC unless it has an offset)."""
    if not isinstance(value, str) or _NUMBER.fullmatch(value.strip()):
        try:
            return TimeSpan(read_number(value))
        except InvalidRequestError as error:
            raise _not_a_time(value) from error
    match = _TIME.fullmatch(value.strip())
    if match is None:
        raise _not_a_time(value)
    try:
        start = (date.fromisoformat(match["date"]).toordinal() - _EPOCH) * SECONDS_PER_DAY
        if match["clock"] is None:
            return TimeSpan(start, start + SECONDS_PER_DAY)
        clock = clock_time.fromisoformat(match["clock"])
        since_midnight = timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second)
        seconds = start + int((since_midnight - _read_offset(match["offset"])).total_seconds())
    except ValueError as error:
        raise _not_a_time(value) from error
    fraction = float(match["fraction"] or 0)
    return TimeSpan(seconds + fraction if fraction else seconds)


def _read_offset(text: str | None) -> timedelta:
    if text is None or text in "Zz":
        return timedelta()
    digits = text[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 23 or minutes > 59:
        raise ValueError(text)
    return timedelta(hours=hours, minutes=minutes) * (-1 if text[0] == "-" else 1)


def _not_a_time(value: object) -> InvalidRequestError:
    return InvalidRequestError(
        f"value {show(value)} is not a time; send Unix seconds or ISO 8601, e.g. 2026-01-31 or 2026-01-31T09:30:00Z."
    )


def _check_number(value: int | float) -> int | float:
    # Not `abs(value) > MAX_NUMBER`: that lets NaN pass.
    if not abs(value) <= MAX_NUMBER:
        raise InvalidRequestError("a number is out of range; its size is at most 2 to the power of 53.")
    return int(value) if isinstance(value, float) and value.is_integer() else value
