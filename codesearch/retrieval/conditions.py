"""metadata_condition, as Dify and scripts send it -> a typed predicate for the store. Pure.

What cannot be understood is an InvalidRequestError that names what is valid, never "no filter".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codesearch.core.checks import Check, do_not_check
from codesearch.core.errors import InvalidRequestError
from codesearch.core.predicates import (
    EVERYTHING,
    FIELD_TYPES,
    And,
    Comparison,
    FieldType,
    Not,
    Operator,
    Or,
    Predicate,
)
from codesearch.retrieval.condition_operators import EQUALITY, RULES, VALID_OPERATORS, Rule, parse_operator
from codesearch.retrieval.condition_values import (
    TimeSpan,
    read_extension,
    read_number,
    read_text,
    read_time,
    show,
    split_values,
)

# What Dify sends for a variable that a workflow did not set. In templates, paths and texts have the same form.
_UNSET = re.compile(r"\{\{#?[\w.-]+#?\}\}")
_TEMPLATED = ("path", "content")


@dataclass(frozen=True, slots=True)
class ConditionLimits:
    """How much one request may ask: conditions, and over all of them values times names."""

    conditions: int = 100
    values: int = 10_000


DEFAULT_LIMITS = ConditionLimits()


def parse_condition(raw: object, limits: ConditionLimits = DEFAULT_LIMITS, check: Check = do_not_check) -> Predicate:
    """Return the predicate of a request's `metadata_condition` (any JSON value).

    None, `{}` and conditions that are null, `[]` or all dropped give EVERYTHING. Raises InvalidRequestError, and what
    `check` raises, which is called for each condition.
    """
    if raw is None:
        return EVERYTHING
    if not isinstance(raw, Mapping):
        raise InvalidRequestError(f"metadata_condition must be an object or null, not {show(raw)}.")
    unknown = [key for key, value in raw.items() if key not in ("logical_operator", "conditions") and value is not None]
    if unknown:
        raise InvalidRequestError(
            f"metadata_condition has an unknown field {show(unknown[0])}. Valid: logical_operator, conditions."
        )
    joins_any = _parse_logical_operator(raw.get("logical_operator"))
    conditions = raw.get("conditions")
    if conditions is None:
        return EVERYTHING
    if not isinstance(conditions, list):
        raise InvalidRequestError(f"metadata_condition.conditions must be a list or null, not {show(conditions)}.")
    if len(conditions) > limits.conditions:
        raise InvalidRequestError(
            f"metadata_condition has {len(conditions)} conditions; at most {limits.conditions} are taken. Send fewer, "
            "such as one `in` with a list for many `is`, or raise CODESEARCH_MAX_CONDITIONS."
        )
    predicates = _parse_all(conditions, limits.values, check)
    if not predicates:
        return EVERYTHING
    return _join(predicates, any_of=joins_any)


def _parse_logical_operator(raw: object) -> bool:
    """Return True for `or`, False for `and` and None."""
    if raw is None:
        return False
    word = raw.strip().lower() if isinstance(raw, str) else None
    if word not in ("and", "or"):
        raise InvalidRequestError(f"Unknown logical_operator {show(raw)}. Valid: and, or.")
    return word == "or"


def _parse_all(conditions: list[object], max_values: int, check: Check) -> list[Predicate]:
    predicates: list[Predicate] = []
    compared = 0
    for position, raw in enumerate(conditions):
        check()
        try:
            parts = _read_one(raw)
            if parts is None:
                continue
            names, rule, values = parts
            compared += len(names) * max(1, len(values))
            if compared > max_values:
                raise InvalidRequestError(
                    f"up to here {compared} values are compared, each once for every name; at most {max_values} are "
                    "taken over all conditions. Send fewer, or raise CODESEARCH_MAX_CONDITION_VALUES."
                )
            compares = []
            for name in names:
                check()
                compares.append(_compare(name, rule, values))
        except InvalidRequestError as error:
            raise InvalidRequestError(f"metadata_condition.conditions[{position}]: {error.message}") from error
        predicates.append(_join(compares, any_of=not rule.is_negative))
    return predicates


def _read_one(raw: object) -> tuple[list[str], Rule, list[object]] | None:
    """Return one condition's fields, what its operator means and its values as they came; None for a dropped one."""
    if not isinstance(raw, Mapping):
        raise InvalidRequestError(f"a condition must be an object, not {show(raw)}.")
    nested = sorted({"conditions", "logical_operator"} & raw.keys())
    if nested:
        raise InvalidRequestError(f"conditions cannot be nested, but this one has {nested[0]!r}.")
    names = _parse_names(raw.get("name"))
    operator = parse_operator(raw.get("comparison_operator"))
    for name in names:
        valid = VALID_OPERATORS[FIELD_TYPES[name]]
        if operator not in valid:
            raise InvalidRequestError(
                f"operator {operator!r} does not apply to {name}. Valid for it: {', '.join(valid)}."
            )
    rule = RULES[operator]
    value = raw.get("value")
    if isinstance(value, Mapping):
        raise InvalidRequestError(f"value {show(value)} must be a string, number, boolean, list or null.")
    if rule.operator is Operator.EMPTY:
        values: list[object] = []
    elif "value" not in raw:
        # Only null stands for an unset variable; dropping for a misspelt key would widen the scope.
        raise InvalidRequestError(f"value is missing; operator {operator!r} needs one (null drops the condition).")
    elif value is None:
        return None
    else:
        values = _read_items(value, operator, is_list=rule.is_list)
        _refuse_unset(values, names)
    return names, rule, values


def _refuse_unset(values: Sequence[object], names: Sequence[str]) -> None:
    """Raise for a variable that Dify did not replace: as a value it would match nothing, or everything with `not`."""
    if all(name in _TEMPLATED for name in names):
        return
    for value in values:
        if isinstance(value, str) and _UNSET.fullmatch(value.strip()):
            raise InvalidRequestError(
                f"value {show(value)} is a variable that has no value. Set it in the workflow, or send null to drop "
                "the condition."
            )


def _parse_names(raw: object) -> list[str]:
    """Return the distinct field names in the order given; at least one."""
    names = raw if isinstance(raw, list) else [raw]
    if raw is None or not names:
        raise InvalidRequestError(f"name is missing. Valid fields: {', '.join(FIELD_TYPES)}.")
    distinct: dict[str, None] = {}
    for name in names:
        if not isinstance(name, str) or name not in FIELD_TYPES:
            raise InvalidRequestError(f"unknown metadata field {show(name)}. Valid fields: {', '.join(FIELD_TYPES)}.")
        distinct[name] = None
    return list(distinct)


def _read_items(value: object, operator: str, *, is_list: bool) -> list[object]:
    """Return the values one by one. A list with `is`, `is not`, `=`, `≠` reads as `in` / `not in`."""
    if is_list or (isinstance(value, list) and operator in EQUALITY):
        items = split_values(value)
    elif isinstance(value, list):
        raise InvalidRequestError(f"operator {operator!r} takes one value, not a list.")
    else:
        items = [value]
    for item in items:
        if item is None or isinstance(item, (list, Mapping)):
            raise InvalidRequestError(f"a list of values holds strings and numbers, not {show(item)}.")
    return items


def _compare(name: str, rule: Rule, items: Sequence[object]) -> Predicate:
    """Return the comparison of one field with the items, negated where the rule is."""
    positive: Predicate
    try:
        if rule.operator is Operator.EMPTY:
            positive = Comparison(name, Operator.EMPTY)
        elif FIELD_TYPES[name] is FieldType.TIME:
            positive = _compare_times(name, rule.operator, [read_time(item) for item in items])
        elif FIELD_TYPES[name] is FieldType.NUMBER:
            positive = Comparison(name, rule.operator, tuple(read_number(item) for item in items))
        elif name == "file_extension":
            whole_start = rule.operator in (Operator.IN, Operator.STARTS_WITH)
            extensions = tuple(read_extension(item, whole_start=whole_start) for item in items)
            positive = Comparison(name, rule.operator, extensions)
        else:
            positive = Comparison(name, rule.operator, tuple(read_text(item) for item in items))
    except InvalidRequestError as error:
        raise InvalidRequestError(f"{name}: {error.message}") from error
    return Not(positive) if rule.is_negative else positive


def _compare_times(name: str, operator: Operator, spans: Sequence[TimeSpan]) -> Predicate:
    """Compare with moments and whole days.

    A day equals all its seconds; `after` and `>` begin where it ends, `≤` reaches to its end.
    """
    if operator is Operator.IN:
        moments = tuple(span.start for span in spans if span.end is None)
        within = _compare_spans(name, sorted({(span.start, span.end) for span in spans if span.end is not None}))
        if moments or not within:
            within.insert(0, Comparison(name, Operator.IN, moments))
        return _join(within, any_of=True)
    (span,) = spans
    if span.end is not None and operator is Operator.GREATER:
        return Comparison(name, Operator.AT_LEAST, (span.end,))
    if span.end is not None and operator is Operator.AT_MOST:
        return Comparison(name, Operator.LESS, (span.end,))
    return Comparison(name, operator, (span.start,))


def _compare_spans(name: str, spans: Sequence[tuple[int | float, int]]) -> list[Predicate]:
    """Compare with whole days in order; many are one comparison, as the work of each counts."""
    if len(spans) == 1:
        ((start, end),) = spans
        return [And((Comparison(name, Operator.AT_LEAST, (start,)), Comparison(name, Operator.LESS, (end,))))]
    bounds: list[int | float] = []
    for start, end in spans:
        if bounds and bounds[-1] == start:
            bounds.pop()
        else:
            bounds.append(start)
        bounds.append(end)
    return [Comparison(name, Operator.WITHIN, tuple(bounds))] if bounds else []


def _join(predicates: Sequence[Predicate], *, any_of: bool) -> Predicate:
    if len(predicates) == 1:
        return predicates[0]
    return Or(tuple(predicates)) if any_of else And(tuple(predicates))
