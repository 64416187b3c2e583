"""Files that are read as another language where their own tree has errors: JavaScript with Flow types, C++ headers."""

from __future__ import annotations

import pytest

from codesearch.core.types import SourceFile
from indexer.chunking.chunker import Chunker
from indexer.chunking.languages.flow import without_flow
from indexer.chunking.languages.table import language_name_of
from tests.unit.indexer.chunking.definition_finding import found_in, kinds_in
from tests.unit.indexer.chunking.test_chunker import count_words

FLOW_TEXT = """\
// @flow
import typeof Lamp from './lamp';
import { type Watt, typeof Bulb } from './watt';

export opaque type LampId: string = string;
export opaque type Hidden;
type Row = {| +lamp: Lamp, -watts?: ?Watt, [key: string]: mixed |};
type Open = { lamp: Lamp, ... };
declare export class Socket { plug(): void }

export async function light<K, V: { lamp: K }>(key: K, ...rest: Array<?V>): Promise<?V> {
  return ((await find(key): any): V);
}
const dim = <T: Object>(lamp: T): ?T => lamp;
function isLamp(it: mixed): boolean %checks { return typeof it === 'string'; }

export class Shelf<+T, S = void> extends React.Component<Row, State> implements Holder {
  +lamps: Array<T>;
  state: State = { on: true };
  toggle = (event: Event): void => { this.on = event ? yes : no; };
  first(at: ?number = 1): ?T {
    const lamp = (at: any);
    return lamp ? this.lamps[0] : null;
  }
  render(): React.Node {
    return <b title={(this.title: any)}>{this.on ? <i /> : null}</b>;
  }
}
component Sign(text: string) { return <b>{text}</b>; }
enum Colour of string { Red = 'red' }
function last(callback: (error: ?Error) => mixed): void {}
"""


def test_finds_every_definition() -> None:
    expected = {
        ("type", "LampId"),
        ("type", "Hidden"),
        ("type", "Row"),
        ("type", "Open"),
        ("class", "Socket"),
        ("function", "light"),
        ("function", "dim"),
        ("function", "isLamp"),
        ("class", "Shelf"),
        ("method", "Shelf.toggle"),
        ("method", "Shelf.first"),
        ("method", "Shelf.render"),
        ("function", "Sign"),
        ("enum", "Colour"),
        ("function", "last"),
    }
    assert expected <= kinds_in("a.js", FLOW_TEXT)
    assert ("Shelf.first", "method", 21, 24) in found_in("a.js", FLOW_TEXT)
    assert language_name_of("a.js", FLOW_TEXT) == "javascript"


def test_what_is_no_flow_stays_as_it_is() -> None:
    text = (
        b"const a = x ? -b : +c;\nconst s = '{| +a: ?b |}';\n// (a: any)\n"
        b"f(x || y, a ? b : c, {...d});\nif (a | b) {}\n"
    )
    assert without_flow(text) == text


def test_keeps_every_byte_in_place() -> None:
    source = FLOW_TEXT.encode()
    plain = without_flow(source)
    assert [len(line) for line in plain.split(b"\n")] == [len(line) for line in source.split(b"\n")]


def test_a_header_is_cpp_where_c_cannot_read_it() -> None:
    default = "struct Lamp { int watts; int dim(int by = 2) { return watts / by; } };\nvoid fill(Lamp &lamp);\n"
    parts = "struct Base { int id() const { return 1; } };\nstruct Leaf final : Base { Leaf(const Leaf&) = delete; };\n"
    plain = "struct lamp { int watts; };\nstatic int dim(struct lamp *new) { return new->watts & 1; }\n"
    assert {("struct", "Lamp"), ("method", "Lamp.dim"), ("prototype", "fill")} <= kinds_in("a.h", default)
    assert {("struct", "Leaf"), ("method", "Leaf.Leaf"), ("method", "Base.id")} <= kinds_in("a.h", parts)
    assert kinds_in("a.h", plain) == {("struct", "lamp"), ("function", "dim")}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("struct lamp { int watts LIB_ALIGNED; };\nint dim(struct lamp *one LIB_UNUSED) LIB_PURE { return 1; }\n", "c"),
        (
            "int *at(int flags) LIB_PURE { return &lamps[flags & 1]; } /* Lamp &lamp */\nint watts LIB_ALIGNED[2];\n",
            "c",
        ),
        ("struct Lamp { int watts; int dim(int by = 2) { return watts / by; } };\nvoid fill(Lamp &lamp);\n", "cpp"),
        ("struct Lamp { int dim(int by = 2) const { return by; } };\n", "cpp"),
        ("struct Lamp { ~Lamp(); int dim(int by = 2) { return by; } };\n", "cpp"),
        ("struct Lamp { int dim(int by = 2) { return by; } };\nlist<Lamp> all();\n", "cpp"),
    ],
)
def test_a_header_is_called_cpp_where_it_has_signs_of_it(text: str, name: str) -> None:
    """C++'s grammar may read macros of C better; that makes no C++ of it."""
    chunks = Chunker(count_words, 60).chunk(SourceFile("a.h", text, "id", None))
    assert {chunk.language for chunk in chunks} == {name}
    assert any(chunk.symbol for chunk in chunks)
