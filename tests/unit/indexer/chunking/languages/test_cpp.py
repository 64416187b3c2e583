"""The table of C++."""

from __future__ import annotations

import pytest

from indexer.chunking.languages.c_newer import write_older
from indexer.chunking.languages.macro_calls import comment_macro_calls
from indexer.chunking.languages.table import language_name_of, language_of
from tests.unit.indexer.chunking.definition_finding import found_in, kinds_in

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


def test_modules_are_read_with_their_exports() -> None:
    text = """module;
#include <lamp.h>
export module shop.lamps:part;
import <vector>;
import "old.h";
import :detail;
export import shop.base;
export namespace shop { class Lamp { public: int light() { return 1; } }; }
export template <class T> T twice(T a) { return a; }
export { enum class Mode { Off }; }
export extern "C++" { int old() { return 1; } }
module :private;
int hidden() { return 2; }
"""
    names = {symbol for _, symbol in kinds_in("lamps.cppm", text)}
    assert names == {"shop", "shop.Lamp", "shop.Lamp.light", "twice", "Mode", "old", "hidden"}


ANNOTATED = """\
#pragma once
USTRUCT(BlueprintType, meta = (ToolTip = "a (b"))
struct GAME_API FItem
{
    GENERATED_USTRUCT_BODY()
    UPROPERTY(EditAnywhere,
        meta = (ClampMin = "0"))
    TArray<FName> Names;
    UPROPERTY() int32 Count = 3;
};
DECLARE_EVENT_OneParam(FOnUsed, AActor*, Who);
UINTERFACE(MinimalAPI)
class UUsable : public UInterface { GENERATED_BODY() };
UCLASS()
class GAME_API ADoor : public AActor
{
    GENERATED_BODY()
public:
    UFUNCTION(Server, Reliable)
    void Use(UPARAM(ref) TArray<int32>& Items, UPARAM(DisplayName = "X") const FVector& At);
    UFUNCTION() void Rest();
};
UENUM()
enum EKind { None UMETA(Hidden), One = 1 UMETA(DisplayName = "One (1)"), };
class SHOP_EXPORT Window : public QObject
{
    Q_OBJECT
    Q_PROPERTY(int width READ width NOTIFY widthChanged)
signals:
    void widthChanged(int w);
public slots:
    void setWidth(int w) { this->w = w; }
};
"""


def test_macros_that_annotate_belong_to_what_they_annotate() -> None:
    expected = [
        ("FItem", "struct", 2, 10),
        ("FItem.Names", "field", 6, 8),
        ("FItem.Count", "field", 9, 9),
        ("UUsable", "class", 12, 13),
        ("ADoor", "class", 14, 22),
        ("ADoor.Use", "method", 19, 20),
        ("ADoor.Rest", "method", 21, 21),
        ("EKind", "enum", 23, 24),
        ("Window", "class", 25, 33),
        ("Window.widthChanged", "method", 30, 30),
        ("Window.setWidth", "method", 32, 32),
    ]
    assert found_in("Door.h", ANNOTATED) == expected


def test_macros_that_define_or_compute_stay() -> None:
    text = b"TEST(Lamp, Lights)\n{\n  f(MAX(1, 2), b);\n  CHECK(a);\n  return MAX(a, b);\n}\n"
    assert comment_macro_calls(text) == text


def test_consteval_as_a_condition_does_not_cost_the_class() -> None:
    text = """\
class Grid {
public:
    int at(int row) {
        if consteval { return 1; } else { return rows[row]; }
    }
    int size() {
        if ! consteval { return 2; }
        return 3;
    }
};
"""
    found = [("Grid", "class", 1, 10), ("Grid.at", "method", 3, 5), ("Grid.size", "method", 6, 9)]
    assert found_in("grid.cpp", text) == found


@pytest.mark.parametrize(
    "text", [b"if consteval {}", b"if!consteval", b"if  ! consteval\n", b"_BitInt (24) a", b"consteval"]
)
def test_newer_words_are_written_older_in_as_many_bytes(text: bytes) -> None:
    older = write_older(text)
    assert len(older) == len(text)
    assert older.count(b"\n") == text.count(b"\n")
    assert (older != text) == (text != b"consteval")


def test_attributes_do_not_cost_an_enum() -> None:
    text = "enum class [[nodiscard]] Level : int { low [[deprecated]], high [[maybe_unused]] = 2 };\nint after() { }\n"
    assert found_in("level.cpp", text) == [("Level", "enum", 1, 1), ("after", "function", 2, 2)]
