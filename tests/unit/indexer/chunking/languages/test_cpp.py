"""The table of C++."""

from __future__ import annotations

from indexer.chunking.languages.table import language_name_of, language_of
from tests.unit.indexer.chunking.definition_finding import kinds_in

CPP = """
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
"""
MACROS = """
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


def test_finds_every_definition() -> None:
    expected = {
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
    }
    assert language_name_of("a.cpp", CPP) == "cpp"
    assert kinds_in("a.cpp", CPP) == expected


def test_macros_and_branches_lose_no_symbols() -> None:
    names = {symbol for _, symbol in kinds_in("a.hpp", MACROS)}
    assert {"first", "Client", "Client.Client", "Client.size", "twice", "last"} <= names


def test_repair_keeps_every_byte_in_place() -> None:
    language = language_of("a.hpp")
    assert language is not None
    assert language.repair is not None
    source = MACROS.encode()
    repaired = language.repair(source)
    assert repaired is not None
    assert len(repaired) == len(source)
    assert [len(line) for line in repaired.split(b"\n")] == [len(line) for line in source.split(b"\n")]
