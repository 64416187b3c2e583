"""Holds the documentation to the code: settings, errors, commands, conditions, languages, links and examples."""

from __future__ import annotations

import ast
import importlib
import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

import click
import pytest
import yaml
from fastapi.routing import APIRoute

from codesearch.api.errors import HTTP_STATUS, STATUS_OF_CLASS
from codesearch.api.manage.answers import OrganisationAnswer, SourceAnswer
from codesearch.api.manage.requests import MODELS
from codesearch.api.retrieval_request import parse_retrieval_request
from codesearch.api.routes import datasources, mcp, retrieval, search_code, tools
from codesearch.api.routes.manage import jobs, keys, organisations, sources, workspaces
from codesearch.api.schemas import RecordMetadata
from codesearch.assembly import LOCAL_PRINCIPAL, Assembly, open_indexer
from codesearch.cli.main import commands
from codesearch.core.config import Settings, load_settings
from codesearch.core.errors import ErrorCode
from codesearch.core.predicates import FIELD_TYPES
from codesearch.core.stages import STAGE_MEANINGS
from codesearch.core.trust import CONFIG_FILE, trust_folder
from codesearch.core.types import SourceFile
from codesearch.core.user_folders import find_config_folder
from codesearch.retrieval import adjustments, condition_operators
from codesearch.retrieval.condition_operators import RULES, VALID_OPERATORS, parse_operator
from codesearch.retrieval.conditions import parse_condition
from codesearch.retrieval.features.table import TABLE
from codesearch.retrieval.matches import MATCH_MEANINGS
from codesearch.retrieval.ranking_model import SUM_MEANINGS
from codesearch.retrieval.records import build_record
from codesearch.telemetry.table import TABLE as METRICS
from codesearch.tools.arguments import read_arguments
from codesearch.tools.tool import Parameter, Tool
from codesearch.tools.toolbox import TOOLS
from indexer.chunking.chunker import Chunker
from indexer.chunking.embedded.formats import FORMATS
from indexer.chunking.languages.table import all_languages
from indexer.chunking.sections.finding import SECTION_LANGUAGES, section_language_of
from indexer.chunking.version import CHUNKER_VERSION
from indexer.pipeline import SilentProgress
from indexer.source.opening import open_source, parse_location
from indexer.source.snapshot import Snapshot
from indexer.source.walk import walk
from tests.unit.markdown_pages import (
    ROOT,
    anchors_of,
    blocks_of,
    find_files,
    links_of,
    quoted_commands,
    section_of,
    shell_commands,
    spans_of,
    table_under,
)

PAGES = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in find_files("*.md")}
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
MODULES = [path.as_posix() for path in find_files("*.py")]
SOURCES = [path for folder in ("codesearch", "indexer") for path in sorted((ROOT / folder).rglob("*.py"))]
MANAGEMENT = (sources, organisations, workspaces, keys, jobs)
every_page = pytest.mark.parametrize("page", PAGES)


# --- Settings ---


def documented_settings() -> dict[str, tuple[str, str]]:
    rows = table_under(PAGES["docs/configuration.md"], "Environment", "codesearch.toml", "Default", "Meaning")
    return {name.strip("`"): (field.strip("`"), default) for name, field, default, _ in rows}


def test_every_setting_is_documented_with_its_default() -> None:
    documented = documented_settings()
    assert set(documented) == {f"CODESEARCH_{name.upper()}" for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        shown_name, shown_default = documented[f"CODESEARCH_{name.upper()}"]
        assert shown_name == name
        if field.default in (None, ()) or field.default_factory is not None:
            assert shown_default.startswith("not set"), name
        else:
            # As TOML writes it.
            default = str(field.default).lower() if isinstance(field.default, bool) else field.default
            assert shown_default == f"`{default}`", name


@every_page
def test_no_page_names_a_setting_that_does_not_exist(page: str) -> None:
    named = set(re.findall(r"\bCODESEARCH_[A-Z_]+\b", PAGES[page]))
    # Beside the settings: what clients of a service have their key in.
    assert named <= {"CODESEARCH_KEY", *(f"CODESEARCH_{name.upper()}" for name in Settings.model_fields)}


def test_the_configuration_file_shown_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = blocks_of(PAGES["docs/configuration.md"], "toml")
    (tmp_path / CONFIG_FILE).write_text(block, encoding="utf-8")
    trust_folder(find_config_folder(), tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CODESEARCH_{name.upper()}", raising=False)
    settings = load_settings()
    assert settings != Settings.model_construct()


# --- Ranking features ---


@pytest.mark.parametrize(
    ("heading", "meanings"),
    [
        ("Of a candidate", {feature.name: feature.meaning for feature in TABLE}),
        ("Of a file", SUM_MEANINGS),
        ("Of a word in a candidate", MATCH_MEANINGS),
        ("What a query says in so many words", {item.name: item.meaning for item in adjustments.TABLE}),
    ],
)
def test_the_glossary_shows_every_feature_with_its_meaning(heading: str, meanings: Mapping[str, str]) -> None:
    rows = table_under(section_of(PAGES["docs/ranking-features.md"], heading), "Feature", "What it is")
    assert rows == [[f"`{name}`", meaning] for name, meaning in meanings.items()]


# --- The API ---


def test_every_error_code_is_documented_with_its_status() -> None:
    rows = table_under(PAGES["docs/api.md"], "HTTP", "error_code", "When")
    expected = {(status, int(code)) for code, status in HTTP_STATUS.items()}
    expected |= {(status, int(kind.code)) for kind, status in STATUS_OF_CLASS.items()}
    assert {(int(status), int(code)) for status, code, _ in rows} == expected
    assert {code for _, code in expected} == set(ErrorCode)


def test_every_field_of_conditions_is_documented_with_its_type() -> None:
    rows = table_under(PAGES["docs/api.md"], "Field", "Compares as")
    documented = {name.strip("`"): compares.split(";")[0] for name, compares in rows}
    assert documented == {name: kind.value for name, kind in FIELD_TYPES.items()}


def test_every_operator_is_documented_with_its_fields_and_spellings() -> None:
    rows = table_under(PAGES["docs/api.md"], "Operator", "Fields", "Also written")
    kinds = {name.strip("`"): set(applies.split(", ")) for name, applies, _ in rows}
    assert list(kinds) == list(RULES)
    assert kinds == {name: {kind.value for kind, valid in VALID_OPERATORS.items() if name in valid} for name in RULES}
    spellings = {other: name.strip("`") for name, _, others in rows for other in re.findall("`([^`]+)`", others)}
    assert spellings == condition_operators._SYNONYMS
    assert all(parse_operator(other) == name for other, name in spellings.items())


def test_every_metadata_key_of_a_record_is_documented() -> None:
    rows = table_under(PAGES["docs/api.md"], "Metadata key", "Value")
    assert {name for keys, _ in rows for name in re.findall("`([^`]+)`", keys)} == set(RecordMetadata.model_fields)


def test_every_address_is_documented() -> None:
    rows = table_under(PAGES["docs/api.md"], "Address", "Answers")
    documented = {address.strip("`").removeprefix("POST ") for address, _ in rows if "POST" in address}
    addresses = {getattr(route, "path", "") for route in retrieval.router.routes}
    assert documented == {*addresses, search_code.PATH, "/api/tools/NAME", mcp.PATH, "/webhooks/HOST"}
    assert {getattr(route, "path", "") for route in tools.router.routes} == {
        f"/api/tools/{tool.name}" for tool in TOOLS
    }
    bases = table_under(PAGES["docs/dify.md"], "API endpoint to paste", "What the language model sees")
    assert {f"{base.strip('`').removeprefix('http://HOST:8000')}/retrieval" for base, _ in bases} == addresses


def test_every_address_for_admins_is_documented_with_what_it_does() -> None:
    rows = table_under(PAGES["docs/api.md"], "Address for admins", "Does")
    routes = [route for module in MANAGEMENT for route in module.router.routes if isinstance(route, APIRoute)]
    described = {
        (f"{method} {re.sub(r'{.*?}', 'ID', route.path)}", route.summary)
        for route in routes
        for method in route.methods or ()
    }
    assert {(address.strip("`"), does) for address, does in rows} == described


def test_every_part_of_a_source_is_documented() -> None:
    rows = table_under(PAGES["docs/api.md"], "Part of a source", "Value")
    assert {name for names, _ in rows for name in re.findall("`([^`]+)`", names)} == set(SourceAnswer.model_fields)


def test_every_part_of_an_organisation_is_documented() -> None:
    rows = table_under(PAGES["docs/api.md"], "Part of an organisation", "Value")
    assert {name for names, _ in rows for name in re.findall("`([^`]+)`", names)} == set(
        OrganisationAnswer.model_fields
    )


def test_the_requests_shown_for_admins_are_understood() -> None:
    section = section_of(PAGES["docs/api.md"], "For admins")
    shown = [json.loads(block) for block in blocks_of(section, "json")]
    assert len(shown) >= 3
    for request in shown:
        fitting = [model for model in MODELS if set(request) <= set(model.model_fields)]
        assert fitting
        fitting[0].model_validate(request)


def test_the_data_sources_shown_have_the_form_of_an_answer() -> None:
    (block,) = blocks_of(section_of(PAGES["docs/api.md"], "Data sources as CodeAlive lists them"), "json")
    assert len(datasources.DatasourceListAnswer.model_validate_json(block).root) == 2


def test_the_request_shown_is_understood() -> None:
    query = parse_retrieval_request(blocks_of(PAGES["docs/api.md"], "json")[0].encode())
    assert query.knowledge_id == "orders-service"


def test_the_filters_shown_for_dify_are_understood() -> None:
    rows = table_under(PAGES["docs/dify.md"], "Wanted", "name", "operator", "value")
    for _, *cells in rows:
        name, operator, value = (cell.strip("`") for cell in cells)
        parse_condition({"conditions": [{"name": name, "comparison_operator": operator, "value": value}]})
    assert rows


# --- Metrics ---


def test_every_metric_is_documented_with_its_labels() -> None:
    rows = table_under(PAGES["docs/operations.md"], "Metric", "Kind", "Labels", "Meaning")
    assert rows == [
        [f"`{metric.name}`", metric.kind, ", ".join(f"`{label}`" for label in metric.labels), metric.meaning]
        for metric in METRICS
    ]


def test_every_stage_is_documented() -> None:
    rows = table_under(PAGES["docs/operations.md"], "Stage", "What takes the time")
    assert rows == [[f"`{stage.value}`", meaning] for stage, meaning in STAGE_MEANINGS.items()]


def test_the_alert_rules_shown_ask_for_metrics_and_labels_that_there_are() -> None:
    metrics = {metric.name: set(metric.labels) for metric in METRICS}
    configuration, rules = map(yaml.safe_load, blocks_of(PAGES["docs/operations.md"], "yaml"))
    assert configuration["scrape_configs"][0]["authorization"]["type"] == "Bearer"
    alerts = [rule for group in rules["groups"] for rule in group["rules"]]
    assert len(alerts) > 5
    for alert in alerts:
        named = re.findall(r"(codesearch_\w+?)(?:_bucket|_sum|_count)?\b(?:\{(\w+)[=!])?", alert["expr"])
        assert named or alert["expr"].startswith("up{")
        for name, label in named:
            assert name in metrics, name
            assert label in {"", *metrics[name]}
        by = {label for labels in re.findall(r"by \(([\w, ]+)\)", alert["expr"]) for label in labels.split(", ")}
        assert by <= {"le", *(label for name, _ in named for label in metrics[name])}
        assert {"alert", "expr", "for", "annotations"} == set(alert)


# --- Tools ---


def test_every_tool_is_documented_with_its_parameters() -> None:
    page = PAGES["docs/tools.md"]
    assert re.findall(r"^## `(.+)`$", page, re.MULTILINE) == [tool.name for tool in TOOLS]
    for tool in TOOLS:
        rows = table_under(section_of(page, f"`{tool.name}`"), "Parameter", "Default", "Meaning")
        assert rows == [
            [f"`{item.name}`", describe_default(item), item.description.replace("|", "\\|")] for item in tool.parameters
        ]


def describe_default(parameter: Parameter) -> str:
    if parameter.required:
        return "required"
    return "" if parameter.default is None else f"`{json.dumps(parameter.default)}`"


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_the_request_shown_for_a_tool_is_understood(tool: Tool) -> None:
    section = section_of(PAGES["docs/tools.md"], f"`{tool.name}`")
    (request,) = blocks_of(section, "json")
    read_arguments(tool, json.loads(request))
    assert len(blocks_of(section, "text")) == 1


# --- The command line ---


def walk_commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from walk_commands(command, (*path, name))
        else:
            yield (*path, name), command


def root_context() -> click.Context:
    """Return a context as the program makes it: a command keeps the help option of the first that asks for it."""
    return click.Context(commands, info_name="codesearch", **commands.context_settings)


def usage_of(path: tuple[str, ...], command: click.Command) -> str:
    context = click.Context(command, info_name=path[-1], parent=root_context())
    return " ".join(["codesearch", *path, *command.collect_usage_pieces(context)[1:]])


def test_every_command_and_option_is_documented() -> None:
    page = PAGES["docs/cli.md"]
    leaves = {usage_of(path, command): command for path, command in walk_commands(commands)}
    assert set(re.findall(r"^## `(.+)`$", page, re.MULTILINE)) == set(leaves)
    for usage, command in leaves.items():
        rows = table_under(section_of(page, f"`{usage}`"), "Option", "Meaning")
        options = {name for item in command.params if isinstance(item, click.Option) for name in item.opts}
        assert {option.strip("`").split()[0] for option, _ in rows} == options, usage


def check_codesearch(words: list[str]) -> None:
    """Raise click's own error for an unknown command or option, AssertionError for words that are too many."""
    command: click.Command = commands
    context = root_context()
    rest = words[1:]
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.get_command(context, rest[0])
        assert found is not None, f"there is no command {' '.join(words)!r}"
        command, context, rest = found, click.Context(found, parent=context), rest[1:]
    _, left, _ = command.make_parser(context).parse_args(list(rest))
    assert not left, f"too many words in {' '.join(words)!r}"


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][\w-]*):(?!=)", MAKEFILE, re.MULTILINE))


def check_make(words: list[str]) -> None:
    for word in words[1:]:
        name, equals, _ = word.partition("=")
        if equals:
            assert f"$({name})" in MAKEFILE, f"the Makefile knows no variable {name}"
        else:
            assert word in make_targets(), f"there is no target {word!r}"


@every_page
def test_every_command_line_quoted_is_one(page: str) -> None:
    for words in quoted_commands(PAGES[page], "codesearch", "make"):
        if words[1] != "COMMAND":
            (check_make if words[0] == "make" else check_codesearch)(words)


def test_every_command_line_in_a_message_is_one() -> None:
    found = [words for path in SOURCES for words in quoted_commands(path.read_text(encoding="utf-8"), "codesearch")]
    for words in found:
        check_codesearch(words)
    assert len(found) > 10


@every_page
def test_every_command_of_a_block_would_run(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    for words in shell_commands(PAGES[page]):
        if words[0] == "make":
            check_make(words)
        elif words[0] == "codesearch":
            check_codesearch(words)
            command: click.Command = commands
            rest = words[1:]
            while isinstance(command, click.Group):
                command, rest = command.commands[rest[0]], rest[1:]
            command.make_context(words[1], rest, parent=root_context()).close()


def test_every_make_target_is_documented() -> None:
    rows = table_under(PAGES["docs/development.md"], "Target", "Does")
    assert {target.strip("`").removeprefix("make ") for target, _ in rows} == make_targets()


# --- Languages ---


def language_rows() -> dict[str, tuple[set[str], set[str], set[str]]]:
    rows = table_under(PAGES["docs/languages.md"], "Language", "Files", "`#!`", "Kinds of symbols")
    return {
        name: (set(re.findall("`([^`]+)`", files)), set(re.findall("`([^`]+)`", runs)), set(kinds.split(", ")))
        for name, files, runs, kinds in rows
    }


def test_every_language_is_documented_with_its_files_and_kinds() -> None:
    files, interpreters, kinds = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set), {}
    for language in all_languages():
        files[language.name] |= {*language.extensions, *language.filenames}
        interpreters[language.name] |= set(language.interpreters)
        kinds[language.name] = {rule.kind for rule in language.rules.values() if isinstance(rule.kind, str)}
        kinds[language.name] |= {head.kind for head in language.lines.heads} if language.lines is not None else set()
        kinds[language.name] |= language.reader.kinds if language.reader is not None else set()
    documented = language_rows()
    assert list(documented) == sorted(files)
    assert {name: row[0] for name, row in documented.items()} == files
    assert {name: row[1] for name, row in documented.items()} == interpreters
    assert {name: kinds[name] - row[2] for name, row in documented.items() if kinds[name] - row[2]} == {}


def fixture_snapshots() -> Iterator[Snapshot]:
    settings = load_settings()
    for folder in sorted((ROOT / "fixtures" / "repos").iterdir()):
        location = parse_location(str(folder))
        with open_source(location, branch=None, subdir=None, mirrors_dir=ROOT, settings=settings) as snapshot:
            yield snapshot


def test_every_kind_of_symbol_in_the_fixtures_is_documented() -> None:
    chunker = Chunker(lambda texts: [len(text) // 4 for text in texts], 400)
    documented = language_rows()
    missing: set[tuple[str, str]] = set()
    files: list[SourceFile] = [file for snapshot in fixture_snapshots() for file in walk(snapshot)]
    for chunk in (chunk for file in files for chunk in chunker.chunk(file)):
        if (
            chunk.language in documented
            and chunk.symbol_kind
            and chunk.symbol_kind not in documented[chunk.language][2]
        ):
            missing.add((chunk.language, chunk.symbol_kind))
    assert len(files) > 100
    assert missing == set()


def test_every_format_with_code_inside_is_documented() -> None:
    rows = table_under(PAGES["docs/languages.md"], "`language`", "Files", "Code", "Around it")
    documented = {
        ending: (name, around) for name, files, _, around in rows for ending in re.findall("`([^`]+)`", files)
    }
    formats = {ending: (form.name, f"as {form.sections}") for ending, form in FORMATS.items()}
    assert documented == formats


def test_every_kind_of_section_is_documented() -> None:
    rows = table_under(PAGES["docs/languages.md"], "Cut as", "Files", "At")
    assert [name for name, _, _ in rows] == sorted(SECTION_LANGUAGES)
    for name, files, _ in rows:
        for file in re.findall("`([^`]+)`", files):
            assert section_language_of(f"x{file}" if file.startswith(".") else file) == name, file


# --- Pages ---


@every_page
def test_every_link_leads_somewhere(page: str) -> None:
    for link in links_of(PAGES[page]):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors_of(target.read_text(encoding="utf-8")), link


@every_page
def test_every_module_named_is_there(page: str) -> None:
    for span in spans_of(PAGES[page]):
        if re.fullmatch(r"[\w*/]+\.py", span) and not page.startswith("fixtures/"):
            assert any(fnmatch(path, f"*/{span}") for path in MODULES), span


def test_every_module_that_a_module_names_is_there() -> None:
    """A bare name is a module of the same package; `folder/name.py` is enough for any other."""
    named = {
        (path.relative_to(ROOT).as_posix(), name)
        for path in SOURCES
        for name in re.findall(r"[\w/]+\.py\b", ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "")
    }
    ours = [path.relative_to(ROOT).as_posix() for path in find_files("*.py")]
    missing = {
        (path, name)
        for path, name in named
        if not any(
            f"/{other}".endswith(f"/{name}") and ("/" in name or other.split("/")[0] == path.split("/")[0])
            for other in ours
        )
    }
    assert missing == set()
    assert len(named) > 20


def test_the_architecture_page_has_every_folder_and_no_other() -> None:
    rows = table_under(PAGES["docs/architecture.md"], "Folder", "What it is for")
    named = [folder.strip("`/") for folder, _ in rows]
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    folders = {parent.as_posix() for path in files.split("\0") for parent in PurePosixPath(path).parents}
    # The folders of tests/unit mirror those of the source; each fixture and set of questions is data.
    data = ("fixtures/repos/", "training/questions/", "tests/unit/", ".")
    assert len(named) == len(set(named))
    assert set(named) == {folder for folder in folders if not folder.startswith(data)}


DECISIONS = sorted(page for page in PAGES if page.startswith("docs/decisions/"))


def test_decisions_have_numbers_of_their_own() -> None:
    numbers = [int(PurePosixPath(page).name[:4]) for page in DECISIONS]
    assert len(numbers) == len(set(numbers)) > 0
    assert all(re.fullmatch(r"docs/decisions/\d{4}(-[a-z0-9]+)+\.md", page) for page in DECISIONS)


@pytest.mark.parametrize("page", DECISIONS)
def test_every_decision_says_whether_it_stands(page: str) -> None:
    title, status, *parts = PAGES[page].split("\n\n")
    number = PurePosixPath(page).name[:4]
    assert title.startswith(f"# {number} ")
    assert re.match(r"\*\*Status\.\*\* (Stands\b|[^\n]*\b[Ss]uperseded by )", status), (
        "Stands, or superseded by which one?"
    )
    later = re.findall(r"\[(\d{4})\]\((\d{4})-[a-z0-9-]+\.md\)", status)
    assert later or "superseded" not in status.lower(), "a link says by which decision"
    assert all(shown == linked > number for shown, linked in later), "only a later decision changes an earlier one"
    for heading in ("Context", "Choice", "Given up"):
        assert any(part.startswith(f"**{heading}.**") for part in parts), heading


def test_every_import_that_a_page_shows_works() -> None:
    shown = {match for page in PAGES.values() for match in re.findall(r"from (codesearch[\w.]*) import (\w+)", page)}
    assert shown
    for module, name in shown:
        assert getattr(importlib.import_module(module), name)


@every_page
def test_every_json_block_is_json(page: str) -> None:
    for block in blocks_of(PAGES[page], "json"):
        json.loads(block)


@every_page
def test_no_figure_is_left_open(page: str) -> None:
    assert "FIGURE-TODO" not in PAGES[page]


def test_the_answer_in_the_readme_is_one_that_the_service_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (request,) = (json.loads(words[-1]) for words in shell_commands(PAGES["README.md"]) if words[0] == "curl")
    (shown,) = json.loads(blocks_of(PAGES["README.md"], "json")[0])["records"]
    query = parse_retrieval_request(json.dumps(request).encode())
    assembly = Assembly(load_settings(data_dir=tmp_path / "data"), CHUNKER_VERSION)
    indexer = open_indexer(assembly)
    folder = ROOT / "fixtures" / "repos" / query.knowledge_id
    indexer.index(str(folder), name=None, branch=None, subdir=None, progress=SilentProgress())
    (hit,) = assembly.retriever.retrieve(LOCAL_PRINCIPAL, query)
    assembly.close()
    record = json.loads(json.dumps(build_record(hit, with_location=False)))
    metadata = {key: record["metadata"][key] for key in shown["metadata"]}
    assert record["score"] == pytest.approx(shown["score"], abs=0.05)
    assert {**record, "metadata": metadata, "score": shown["score"]} == shown
