"""The request and answers as OpenAPI shows them; the request itself is read by hand, in retrieval_request.py."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

from codesearch.api.manage.requests import MODELS as ADMIN_REQUESTS
from codesearch.api.retrieval_request import (
    DEFAULT_SCORE_THRESHOLD,
    DEFAULT_TOP_K,
    MAX_KNOWLEDGE_ID_LENGTH,
    MAX_QUERY_BYTES,
    MAX_TOP_K,
)
from codesearch.core.errors import ErrorCode
from codesearch.core.predicates import FIELD_TYPES
from codesearch.core.types import ArtifactKind
from codesearch.retrieval.condition_operators import RULES
from codesearch.retrieval.condition_values import MAX_VALUES
from codesearch.retrieval.freshening import MAX_SECONDS, State

_FieldName: TypeAlias = Annotated[str, Field(json_schema_extra={"enum": list(FIELD_TYPES)})]
_Value: TypeAlias = str | float | bool


class RetrievalSetting(BaseModel):
    """How many records, and how good at least."""

    top_k: Annotated[int, Field(ge=1, le=MAX_TOP_K, strict=True)] | None = Field(
        DEFAULT_TOP_K, description="At most this many records"
    )
    score_threshold: Annotated[float, Field(ge=0, le=1, strict=True)] | None = Field(
        DEFAULT_SCORE_THRESHOLD, description="No record scores less"
    )
    max_tokens: Annotated[int, Field(ge=1, strict=True)] | None = Field(
        None,
        description="The contents have no more tokens together, of four characters each; the best always comes",
    )
    fresh_seconds: Annotated[float, Field(ge=0, le=MAX_SECONDS, strict=True)] | None = Field(
        None, description="Wait at most so long until what is asked is up to date; `freshness` says what is not"
    )


class Condition(BaseModel):
    """One comparison of a metadata field with a value."""

    name: _FieldName | Annotated[list[_FieldName], Field(min_length=1)] = Field(
        description="A field, or several: a positive operator holds for any of them, a negative one for all"
    )
    comparison_operator: str = Field(
        description=f"In any case, with spaces or underscores: {', '.join(f'`{name}`' for name in RULES)}",
        examples=["is", "not in", "≥"],
    )
    value: _Value | Annotated[list[_Value], Field(max_length=MAX_VALUES)] | None = Field(
        None,
        description="Not needed for `empty` and `not empty`; null with any other operator drops the condition",
    )


class MetadataCondition(BaseModel):
    """Which records to search. Without conditions: all that the key may read."""

    logical_operator: str | None = Field("and", description="`and` or `or`, in any case; null means `and`")
    conditions: list[Condition] | None = None


class RetrievalRequest(BaseModel):
    """A question to a repository or workspace."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "knowledge_id": "65f1a2b3c4d5e6f708192a3b",
                    "query": "where are failed requests retried",
                    "retrieval_setting": {"top_k": 5, "score_threshold": 0.2},
                    "metadata_condition": {
                        "logical_operator": "and",
                        "conditions": [{"name": "file_extension", "comparison_operator": "in", "value": ".py,.go"}],
                    },
                }
            ]
        }
    )

    knowledge_id: str = Field(
        min_length=1,
        max_length=MAX_KNOWLEDGE_ID_LENGTH,
        description="The 24-hex id of a repository or workspace, or its unique name",
    )
    query: str = Field(min_length=1, max_length=MAX_QUERY_BYTES, description="Not blank; at most 32 KiB of UTF-8")
    retrieval_setting: RetrievalSetting | None = Field(None, description="How many records, and how good at least")
    metadata_condition: MetadataCondition | None = Field(None, description="Which records are searched; null: all")
    explain: bool | None = Field(None, description="Say of each record why it has its score; needs an admin key")


class SearchCodeRequest(BaseModel):
    """A question to a repository or workspace, with nothing nested: types that every importer of tools reads."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"knowledge_id": "my-repo", "query": "where are failed requests retried"}]},
    )

    knowledge_id: str = Field(
        min_length=1,
        max_length=MAX_KNOWLEDGE_ID_LENGTH,
        description="Id or unique name of the repository or workspace to search; get_data_sources lists them",
    )
    query: str = Field(
        min_length=1,
        max_length=MAX_QUERY_BYTES,
        description="What is looked for: a question in words, a name of the code, or an error message",
    )
    top_k: int = Field(DEFAULT_TOP_K, ge=1, le=MAX_TOP_K, description="At most this many records, best first")
    score_threshold: float = Field(
        DEFAULT_SCORE_THRESHOLD, ge=0, le=1, description="No record scores less; 0 keeps all, 0.3 what is worth reading"
    )


class RecordMetadata(BaseModel):
    """What is known of a record. A key without a value is absent."""

    model_config = ConfigDict(extra="forbid")

    path: str = Field(description="From the repository's root, `/` between parts")
    file_extension: str = Field("", description="Lower case with its dot")
    language: str = ""
    data_source_id: str
    data_source_name: str
    data_source_type: str
    artifact_kind: ArtifactKind = Field(
        description="`symbol`: a definition, `chunk`: a section of a file, `file`: a whole small file"
    )
    symbol: str = Field("", description="Qualified name, e.g. `Client.retry`")
    symbol_kind: str = ""
    symbol_start_line: int = Field(
        0, description="First line of the whole definition, of a record that is only a part of it"
    )
    symbol_end_line: int = Field(0, description="Its last line")
    signature: str = Field("", description="How the definition begins, of a record that does not show it")
    start_line: int = Field(ge=1, description="1-based, inclusive")
    end_line: int = Field(ge=1, description="1-based, inclusive")
    document_id: str = Field(description="Unique per record, stable while the lines are")
    description: str = Field(description="One line for a person")
    commit: str = ""
    last_modified: int = Field(0, description="Unix seconds")
    url: str = Field("", description="These lines at this commit on the code host")
    duplicates: list[str] = Field([], description="Where the same stands, as `repository::path::start-end`")


class RecordFeature(BaseModel):
    """What one feature, or a word of the query, adds to the log-odds of a record's score."""

    name: str
    value: float
    contribution: float


class RecordExplanation(BaseModel):
    """Why a record has its score: 1 / (1 + exp(-log_odds)), times `factor` for a further record of a file or a twin."""

    log_odds: float
    factor: float
    features: list[RecordFeature] = Field(description="Those that count, the strongest first")
    read_as: list[str] = Field(
        default_factory=list,
        description="Of a query in another language, what each of its words was taken for: `Anfrage: request`",
    )


class Record(BaseModel):
    """Consecutive lines of one file."""

    model_config = ConfigDict(extra="forbid")

    content: str = Field(description="The lines; on /dify/retrieval after a line that locates them and an empty line")
    score: float = Field(ge=0, le=1)
    title: str = Field(description="File name with its extension")
    metadata: RecordMetadata
    explain: RecordExplanation | None = Field(None, description="Only when an admin key asked for it")


class SourceFreshness(BaseModel):
    """How a data source stood when it was asked."""

    model_config = ConfigDict(extra="forbid")

    data_source_id: str
    data_source_name: str
    state: State = Field(
        description="`fresh`: as its remote has it, `behind`: known not to be, `unknown`: its remote was not heard"
    )
    message: str = Field("", description="Why it is not fresh")
    commit: str = ""
    indexed_at: str = ""


class RetrievalResponse(BaseModel):
    """The records, best first; none found is an empty list."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "records": [
                        {
                            "content": "    def retry(self, request):\n        return self.send(request)",
                            "score": 0.92,
                            "title": "client.py",
                            "metadata": {
                                "path": "src/client.py",
                                "file_extension": ".py",
                                "language": "python",
                                "data_source_id": "65f1a2b3c4d5e6f708192a3b",
                                "data_source_name": "my-repo",
                                "data_source_type": "repository",
                                "artifact_kind": "symbol",
                                "symbol": "Client.retry",
                                "symbol_kind": "method",
                                "start_line": 41,
                                "end_line": 42,
                                "document_id": "0c2f6f0a9d3e4b51",
                                "description": "method retry in client.py from my-repo",
                                "commit": "8f14e45fceea167a5a36dedd4bea2543d9a1c1f0",
                                "last_modified": 1767225600,
                            },
                        }
                    ]
                }
            ]
        },
    )

    records: list[Record]
    freshness: list[SourceFreshness] | None = Field(None, description="Only where `fresh_seconds` asked for it")


class ToolResponse(BaseModel):
    """A tool's answer, once for programs and once for a language model."""

    model_config = ConfigDict(extra="forbid")

    obj: dict[str, Any] = Field(description="The answer as values; `freshness` says of which commit it is")
    rendered: str = Field(description="The same as one plain text")


class ErrorResponse(BaseModel):
    """Why there is no answer: one line for a person."""

    model_config = ConfigDict(extra="forbid")

    error_code: ErrorCode = Field(
        description="1001 request, 1002 access, 1003 not found, 1004 key, 1005 later, 2001 internal"
    )
    error_msg: str


class HealthResponse(BaseModel):
    """What a probe sees."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["ok", "starting"]


class AboutResponse(BaseModel):
    """What this service is."""

    model_config = ConfigDict(extra="forbid")

    name: str
    version: str
    openapi: str = Field(description="Path of the OpenAPI document")


def describe_error(description: str, code: ErrorCode, message: str) -> dict[str, Any]:
    """Return an OpenAPI response with an example of this error."""
    example = {"error_code": int(code), "error_msg": message}
    content = {"application/json": {"example": example}}
    return {"model": ErrorResponse, "description": description, "content": content}


def request_schemas(max_conditions: int) -> dict[str, Any]:
    """Return the component schemas of all requests that are read by hand and what they refer to, by name."""
    template = "#/components/schemas/{model}"
    models: list[type[BaseModel]] = [RetrievalRequest, SearchCodeRequest, *ADMIN_REQUESTS]
    _, schema = models_json_schema([(model, "validation") for model in models], ref_template=template)
    definitions: dict[str, Any] = schema["$defs"]
    definitions["MetadataCondition"]["properties"]["conditions"]["anyOf"][0]["maxItems"] = max_conditions
    return definitions
