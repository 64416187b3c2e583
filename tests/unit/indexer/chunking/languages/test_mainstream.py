"""Qualified names and kinds in the mainstream languages, on small sources of our own."""

from __future__ import annotations

import pytest

from indexer.chunking.definitions import find_definitions
from indexer.chunking.languages.table import language_of
from indexer.chunking.parsing import SourceParser

_CASES: dict[str, tuple[str, str, set[tuple[str, str]]]] = {
    "python": (
        "a.py",
        """
import os
LIMIT = 3
timeout: float = 2.0
if os.name == "nt":
    def windows(): ...
class Client(Base):
    retries = 3
    @property
    async def state(self): ...
    class Inner:
        def deep(self): ...
square = lambda x: x * x
type Pair = tuple[int, int]
""",
        {
            ("constant", "LIMIT"),
            ("variable", "timeout"),
            ("function", "windows"),
            ("class", "Client"),
            ("variable", "Client.retries"),
            ("method", "Client.state"),
            ("class", "Client.Inner"),
            ("method", "Client.Inner.deep"),
            ("function", "square"),
            ("type", "Pair"),
        },
    ),
    "javascript": (
        "a.js",
        """
const LIMIT = 3;
const add = (a, b) => a + b;
exports.open = function () {};
Client.prototype.retry = function () {};
module.exports = { close() {}, stop: function () {} };
async function* stream() {}
class Client { #x = 1; run = () => 1; static of() {} get size() { return 1; } }
describe("client", () => { it("retries", () => {}); });
""",
        {
            ("constant", "LIMIT"),
            ("function", "add"),
            ("function", "open"),
            ("function", "Client.retry"),
            ("method", "close"),
            ("function", "stop"),
            ("function", "stream"),
            ("class", "Client"),
            ("field", "Client.#x"),
            ("method", "Client.run"),
            ("method", "Client.of"),
            ("method", "Client.size"),
            ("test", "client"),
            ("test", "client.retries"),
        },
    ),
    "typescript": (
        "a.ts",
        """
export function f(a: string): void;
export function f(a: number): void;
export interface Api { send(a: string): void; size: number }
export type Id = string;
export const enum Color { Red }
abstract class Base { abstract run(): void; private x = 1; }
namespace Inner.Deep { export const helper = () => 1; }
declare module "lib" { export function g(): void; }
""",
        {
            ("function", "f"),
            ("interface", "Api"),
            ("method", "Api.send"),
            ("field", "Api.size"),
            ("type", "Id"),
            ("enum", "Color"),
            ("class", "Base"),
            ("method", "Base.run"),
            ("field", "Base.x"),
            ("namespace", "Inner.Deep"),
            ("function", "Inner.Deep.helper"),
            ("module", "lib"),
            ("function", "lib.g"),
        },
    ),
    "tsx": (
        "a.tsx",
        "export const App = ({ a }: Props) => { const onClick = () => 1; return <b onClick={onClick}>{a}</b>; };\n",
        {("function", "App"), ("function", "App.onClick")},
    ),
    "go": (
        "a.go",
        """
package a
const ( A = iota
 B )
var X, Y = 1, 2
type ( Client struct { n int }
 ID = string )
type Doer interface { Do() error }
func (c *Client) Retry() {}
func (l List[T]) Len() int { return 0 }
func New() *Client { return nil }
""",
        {
            ("constant", "A"),
            ("constant", "B"),
            ("variable", "X"),
            ("variable", "Y"),
            ("struct", "Client"),
            ("type", "ID"),
            ("interface", "Doer"),
            ("method", "Doer.Do"),
            ("method", "Client.Retry"),
            ("method", "List.Len"),
            ("function", "New"),
        },
    ),
    "java": (
        "A.java",
        """
package a;
@interface Marker { int value() default 1; }
record Point(int x) { Point { } }
enum Color { RED { void f() {} }, GREEN; Color() {} }
interface Shape { int SIDES = 1; void draw(); }
class Client<T> { int a, b; Client() {} @Override public void retry() {} static class Inner { } }
""",
        {
            ("interface", "Marker"),
            ("method", "Marker.value"),
            ("record", "Point"),
            ("constructor", "Point.Point"),
            ("enum", "Color"),
            ("field", "Color.RED"),
            ("method", "Color.RED.f"),
            ("field", "Color.GREEN"),
            ("constructor", "Color.Color"),
            ("interface", "Shape"),
            ("field", "Shape.SIDES"),
            ("method", "Shape.draw"),
            ("class", "Client"),
            ("field", "Client.a"),
            ("field", "Client.b"),
            ("constructor", "Client.Client"),
            ("method", "Client.retry"),
            ("class", "Client.Inner"),
        },
    ),
    "c": (
        "a.c",
        """
#define LIMIT 3
#define GUARD
#define MAX(a, b) ((a) > (b) ? (a) : (b))
typedef struct node { struct node *next; } list;
typedef int (*callback)(void *);
struct point { int x; };
enum color { RED };
static const int size = 3;
char *name(void);
int *find(struct point *p) { struct local { int q; }; return 0; }
""",
        {
            ("macro", "LIMIT"),
            ("macro", "MAX"),
            ("struct", "list"),
            ("struct", "node"),
            ("type", "callback"),
            ("struct", "point"),
            ("enum", "color"),
            ("constant", "size"),
            ("prototype", "name"),
            ("function", "find"),
            ("struct", "find.local"),
        },
    ),
    "cpp": (
        "a.cpp",
        """
namespace a::b {
template <typename T> class Client : Base<T> {
 public:
  int count;
  Client(); ~Client() {}
  template <class U> U get() const { return U(); }
  operator bool() const { return true; }
};
using Name = std::string;
enum class Mode : int { A };
}
void a::b::Client<int>::retry() {}
bool operator==(const X& l, const X& r) { return true; }
""",
        {
            ("namespace", "a.b"),
            ("class", "a.b.Client"),
            ("field", "a.b.Client.count"),
            ("prototype", "a.b.Client.Client"),
            ("method", "a.b.Client.~Client"),
            ("method", "a.b.Client.get"),
            ("method", "a.b.Client.operator bool"),
            ("type", "a.b.Name"),
            ("enum", "a.b.Mode"),
            ("function", "a.b.Client.retry"),
            ("function", "operator=="),
        },
    ),
    "csharp": (
        "a.cs",
        """
namespace App.Web {
  public record Point(int X);
  public delegate void Changed(int a);
  public enum Color { Red }
  interface IShape { void Draw(); }
  public class Client : Base {
    const int A = 1, B = 2;
    public int Count { get; set; }
    public event Changed OnChange;
    public Client() { }
    public void Retry() { void Local() { } }
    public static Client operator +(Client a, Client b) => a;
    public int this[int i] => i;
  }
  struct Pair { }
}
""",
        {
            ("namespace", "App.Web"),
            ("record", "App.Web.Point"),
            ("delegate", "App.Web.Changed"),
            ("enum", "App.Web.Color"),
            ("interface", "App.Web.IShape"),
            ("method", "App.Web.IShape.Draw"),
            ("class", "App.Web.Client"),
            ("field", "App.Web.Client.A"),
            ("field", "App.Web.Client.B"),
            ("property", "App.Web.Client.Count"),
            ("event", "App.Web.Client.OnChange"),
            ("constructor", "App.Web.Client.Client"),
            ("method", "App.Web.Client.Retry"),
            ("function", "App.Web.Client.Retry.Local"),
            ("method", "App.Web.Client.operator +"),
            ("property", "App.Web.Client.this[]"),
            ("struct", "App.Web.Pair"),
        },
    ),
    "rust": (
        "a.rs",
        """
const LIMIT: u8 = 3;
static NAME: &str = "x";
type Id = u8;
macro_rules! say { () => {} }
#[derive(Debug)]
pub struct Client<T> { n: T }
pub enum Mode { A }
pub trait Shape { const SIDES: u8; fn draw(&self); fn twice(&self) {} }
impl<T> Shape for x::Client<T> { fn draw(&self) { fn inner() {} } }
mod deep { pub fn helper() {} }
extern "C" { fn puts(s: u8); }
""",
        {
            ("constant", "LIMIT"),
            ("variable", "NAME"),
            ("type", "Id"),
            ("macro", "say"),
            ("struct", "Client"),
            ("enum", "Mode"),
            ("trait", "Shape"),
            ("constant", "Shape.SIDES"),
            ("method", "Shape.draw"),
            ("method", "Shape.twice"),
            ("impl", "Client"),
            ("method", "Client.draw"),
            ("function", "Client.draw.inner"),
            ("module", "deep"),
            ("function", "deep.helper"),
            ("function", "puts"),
        },
    ),
    "ruby": (
        "a.rb",
        """
module Net
  LIMIT = 3
  class Http::Client < Base
    attr_reader :host, :port
    def self.open; end
    def retry!; end
    private def hidden = 1
    class << self
      def build; end
    end
    Point = Struct.new(:x) do
      def norm; end
    end
    test "it works" do
      x
    end
  end
end
def Net.get; end
""",
        {
            ("module", "Net"),
            ("constant", "Net.LIMIT"),
            ("class", "Net.Http.Client"),
            ("property", "Net.Http.Client.host"),
            ("property", "Net.Http.Client.port"),
            ("method", "Net.Http.Client.open"),
            ("method", "Net.Http.Client.retry!"),
            ("method", "Net.Http.Client.hidden"),
            ("method", "Net.Http.Client.build"),
            ("class", "Net.Http.Client.Point"),
            ("method", "Net.Http.Client.Point.norm"),
            ("test", "Net.Http.Client.it works"),
            ("method", "Net.get"),
        },
    ),
    "php": (
        "a.php",
        """<?php
namespace App\\Http;
const LIMIT = 3;
interface Shape { public function draw(); }
trait Loud { function shout() {} }
enum Mode: int { case A = 1; const B = self::A; public static function of() {} }
#[Attr]
final class Client { use Loud; const X = 2; public $y = 1; abstract function run(); function __construct() {} }
function helper() {}
""",
        {
            ("constant", "LIMIT"),
            ("interface", "Shape"),
            ("method", "Shape.draw"),
            ("trait", "Loud"),
            ("method", "Loud.shout"),
            ("enum", "Mode"),
            ("constant", "Mode.B"),
            ("method", "Mode.of"),
            ("class", "Client"),
            ("constant", "Client.X"),
            ("field", "Client.$y"),
            ("method", "Client.run"),
            ("method", "Client.__construct"),
            ("function", "helper"),
        },
    ),
}


def symbols_of(path: str, text: str) -> set[tuple[str, str]]:
    language = language_of(path, text)
    assert language is not None
    tree = SourceParser().parse(language, text.encode())
    assert tree is not None
    return {(found.kind, found.symbol) for found in find_definitions(language, tree.root_node, text.encode())}


@pytest.mark.parametrize("name", sorted(_CASES))
def test_symbols(name: str) -> None:
    path, text, expected = _CASES[name]
    language = language_of(path, text)
    assert language is not None
    assert language.name == name
    assert symbols_of(path, text) == expected


_MACROS = """
#ifdef __cplusplus
extern "C" {
#endif
LIB_BEGIN_NAMESPACE
LIB_API int first(int a) LIB_ATTRIBUTE;
class LIB_API Client {
  LIB_DECLARE(Client)
 public:
  LIB_INLINE explicit Client(int a) : a_(a) {}
  LIB_CONSTEXPR auto size() const -> int { return a_; }
};
template <typename T, LIB_ENABLE_IF(std::is_same<T, int>::value)>
LIB_API T twice(T a) {
#ifdef FAST
  if (a > 1) {
#else
  if (a > 2) {
#endif
    return a;
  }
  return a * 2;
}
static int last(int a) { return call(a,
#ifdef X
    1,
#endif
    2); }
LIB_END_NAMESPACE
#ifdef __cplusplus
}
#endif
"""


def test_macros_and_branches_lose_no_symbols() -> None:
    names = {symbol for _, symbol in symbols_of("a.hpp", _MACROS)}
    assert {"first", "Client", "Client.Client", "Client.size", "twice", "last"} <= names


def test_repair_keeps_every_byte_in_place() -> None:
    language = language_of("a.hpp")
    assert language is not None
    assert language.repair is not None
    source = _MACROS.encode()
    repaired = language.repair(source)
    assert repaired is not None
    assert len(repaired) == len(source)
    assert [len(line) for line in repaired.split(b"\n")] == [len(line) for line in source.split(b"\n")]
