"""C, C++, Rust, Go, Zig, D, Nim, Ada, Pascal and hardware."""

from __future__ import annotations

from tests.unit.indexer.chunking.new_syntax import Sample

SAMPLES = (
    Sample(
        "C23 attributes, nullptr, constexpr, typed enums",
        "a.c",
        ("enum kind", "function first", "function after"),
        """
enum kind : unsigned char { LOW, HIGH };

[[nodiscard("use it")]] static int *first(int values[static 2])
{
    constexpr int none = 0b1010'0101;
    auto found = (typeof(values[0])) { none };
    static_assert(sizeof(int) == 4);
    return values ? values : nullptr;
}

bool after(...) { return true; }
""",
    ),
    Sample(
        "C23 _BitInt, embed, typeof_unqual",
        "a.c",
        ("function icon", "function after"),
        """
static const unsigned char bytes[] = {
#embed "icon.png" limit(16)
};

unsigned _BitInt(24) icon(typeof_unqual(bytes) *from)
{
    return 3uwb;
}

int after(void) { return 1; }
""",
    ),
    Sample(
        "C++20 concepts, abbreviated templates, spaceship",
        "a.cpp",
        ("concept Addable", "function sum", "struct Point", "method Point.operator<=>", "function after"),
        """
template <typename T>
concept Addable = requires(T a, T b) { { a + b } -> std::same_as<T>; requires sizeof(T) > 1; };

auto sum(Addable auto first, std::integral auto... rest) requires (sizeof...(rest) > 0) {
    return (first + ... + rest);
}

struct Point {
    int x, y;
    auto operator<=>(const Point&) const = default;
    constexpr bool zero(this Point const& self) { return self.x == 0; }
};

consteval int after() { return 1; }
""",
    ),
    Sample(
        "C++23 deducing this, if consteval, multidimensional subscript",
        "a.cpp",
        ("class Grid", "method Grid.at", "method Grid.operator[]", "function after"),
        """
class Grid {
public:
    template <class Self>
    auto&& at(this Self&& self, std::size_t row) {
        if consteval { return self.rows[0]; } else { return self.rows[row]; }
    }
    int& operator[](int row, int column) { return cells[row * 3 + column]; }
    static auto operator()(int x) { return [] static (int y) { return y; }; }
};

int after(std::expected<int, E> value) { return auto{value}.value_or(1uz); }
""",
    ),
    Sample(
        "C++20 modules and coroutines",
        "a.cppm",
        ("function ids", "function after"),
        """module;
#include <coroutine>
export module shapes:core;
import std;
export import :detail;

export generator<int> ids(int from) {
    for (;;) co_yield from++;
}

export namespace shapes { }

task<void> after() { co_await ready(); co_return; }
""",
    ),
    Sample(
        "C++26 pack indexing, contracts, named placeholders",
        "a.cpp",
        ("function first", "function half", "function after"),
        """
template <typename... Ts>
auto first(Ts... values) -> Ts...[0] { return values...[0]; }

int half(int n) pre(n > 0) post(r: r >= 0) { contract_assert(n % 2 == 0); return n / 2; }

int after() { auto [_, _] = pair(); return 1; }
""",
    ),
    Sample(
        "launch bounds, cooperative groups, kernels with templates",
        "a.cu",
        ("function scale", "function after"),
        """
template <typename T, int N>
__global__ void __launch_bounds__(256, 2) scale(T* __restrict__ data, __grid_constant__ const int count) {
    __shared__ T tile[N];
    if (auto i = blockIdx.x * blockDim.x + threadIdx.x; i < count) data[i] *= 2;
}

__host__ __device__ constexpr int after() { return 1; }

void run() { scale<float, 32><<<dim3(1), 256, 0, stream>>>(data, 8); }
""",
    ),
    Sample(
        "2024 let chains, async closures, unsafe extern",
        "a.rs",
        ("function port", "function later", "function after"),
        """
fn port(url: Option<&Url>) -> u16 {
    if let Some(url) = url && let Some(port) = url.port() && port > 1024 {
        return port;
    }
    80
}

unsafe extern "C" {
    pub safe fn abs(input: i32) -> i32;
}

async fn later() -> impl Future<Output = ()> + use<> {
    let call = async |x: u8| work(x).await;
    call(1).await
}

#[unsafe(no_mangle)]
pub extern "C" fn after() {}
""",
    ),
    Sample(
        "let else, generic associated types, const generics, c strings",
        "a.rs",
        ("trait Lend", "method Table.first", "function after"),
        """
pub trait Lend {
    type Item<'a>: Sized where Self: 'a;
    async fn next<'a>(&'a mut self) -> Option<Self::Item<'a>>;
}

impl<const N: usize> Table<N> {
    const fn first(&self) -> u8 {
        let [first, .., _last] = self.rows else { panic!("none") };
        let name = c"raw";
        first
    }
}

fn after<T>(_: impl for<'a> Fn(&'a T) -> &'a T) {}
""",
    ),
    Sample(
        "1.91 raw lifetimes, gen of the 2024 edition, &raw",
        "a.rs",
        ("function pointer", "function after"),
        """
fn pointer<'r#async>(mut value: u8) -> *const u8 {
    let place = &raw const value;
    let r#gen = &raw mut value;
    place
}

fn after() -> ! { loop {} }
""",
    ),
    Sample(
        "1.24 generic aliases, 1.23 range over functions",
        "a.go",
        ("type Set", "function All", "function After", "interface Number"),
        """package a

type Set[P comparable] = map[P]struct{}

type Number interface {
	~int | ~float64
	comparable
}

func All[Slice ~[]E, E Number](s Slice) iter.Seq2[int, E] {
	return func(yield func(int, E) bool) {
		for i := range 10 {
			if !yield(i, s[i]) {
				return
			}
		}
	}
}

func After() int { return min(1, 2, 0b1_0) }
""",
    ),
    Sample(
        "1.26 new with a value, self-referential type parameters",
        "a.go",
        ("interface Adder", "function Port", "function After"),
        """package a

type Adder[A Adder[A]] interface {
	Add(A) A
}

func Port() *int { return new(8080 + 1) }

func After() {}
""",
    ),
    Sample(
        "0.15 labelled switch, destructuring, no usingnamespace",
        "a.zig",
        ("struct Lexer", "method Lexer.next", "function after"),
        """const std = @import("std");

const Lexer = struct {
    source: [:0]const u8,

    pub fn next(self: *Lexer) !u8 {
        const first, const second = .{ 1, 2 };
        state: switch (self.source[0]) {
            'a'...'z' => |letter| continue :state letter + 1,
            else => return error.Unexpected,
        }
        for (self.source, 0..) |letter, index| _ = .{ letter, index };
        return first + second;
    }
};

pub fn after() void {
    const gpa: std.heap.DebugAllocator(.{}) = .init;
    asm volatile ("nop" ::: .{ .memory = true });
    _ = gpa;
}
""",
    ),
    Sample(
        "2.111 interpolated strings, 2.10x short functions, bitfields",
        "a.d",
        ("struct Flags", "function name", "function after"),
        """module a;

struct Flags { int low : 3; int high : 5; }

string name(string who) => i"hello $(who)".text;

@safe nothrow pure int after(T...)(T args) if (T.length > 0) in (args.length) out (r; r > 0) do { return 1; }
""",
    ),
    Sample(
        "2.0 concepts, typed defaults, dot calls",
        "a.nim",
        ("type Comparable", "function first", "function after"),
        """
type
  Comparable* = concept
    proc cmp(a, b: Self): int

proc first*[T: Comparable](items: openArray[T], count = 1): lent T {.inline, raises: [].} =
  result = items[0]

func after(name: sink string): auto =
  if name.len > 0: fmt"{name=}" else: ""
""",
    ),
    Sample(
        "2022 target names, delta aggregates, parallel blocks",
        "a.adb",
        ("package Counters", "function Counters.Add", "function Counters.After"),
        """package body Counters is
   procedure Add (Item : in out Counter; By : Positive := 1)
     with Pre => By > 0, Post => Item.Value = Item'Old.Value + By
   is
   begin
      Item.Value := @ + By;
      Item := (Item with delta Value => 3);
   end Add;

   function After (Items : List) return Boolean is
     (for all Item of Items => (declare Next : constant Integer := Item; begin Next > 0));
end Counters;
""",
    ),
    Sample(
        "generics, anonymous methods, inline variables",
        "a.pas",
        ("class TList", "method TList.First", "function After"),
        """unit a;

interface

type
  TList<T: class> = class(TObject)
    strict private
      FItems: TArray<T>;
    public
      function First: T;
  end;

implementation

function TList<T>.First: T;
begin
  var Item := FItems[0];
  for var I: Integer := 0 to 3 do
    Sort(procedure(const A: T) begin Log(A); end);
  Result := Item;
end;

function After: Integer;
begin
  Result := 1;
end;

end.
""",
    ),
    Sample(
        "2019 interfaces with modes, conditional expressions",
        "a.vhd",
        ("entity counter", "architecture counter.rtl", "function counter.rtl.next_value"),
        """library ieee;
use ieee.std_logic_1164.all;

entity counter is
  generic (type t; width : positive := 8);
  port (clk : in std_ulogic; value : out std_ulogic_vector(width - 1 downto 0));
end entity;

architecture rtl of counter is
  impure function next_value(now : integer) return integer is
  begin
    return now + 1 when enabled else now;
  end function;
begin
  tick : process (all) is
  begin
    value <= force '1';
  end process;
end architecture;
""",
    ),
    Sample(
        "460 ray queries, subgroups, references",
        "a.comp",
        ("function main", "function after", "struct Hit"),
        """#version 460
#extension GL_EXT_ray_query : require
layout(local_size_x = 8, local_size_y = 8) in;
layout(set = 0, binding = 1, std430) restrict readonly buffer Items { uint items[]; } source;
layout(buffer_reference, scalar) buffer Pointer { float value; };

struct Hit { vec3 at; float16_t far; };

void main() {
    uint sum = subgroupAdd(source.items[gl_GlobalInvocationID.x]);
    if (subgroupElect()) atomicAdd(total, sum);
}

float after(const in vec3 p, inout float d) { return fma(p.x, p.y, d); }
""",
    ),
    Sample(
        "2021 templates, attributes, wave operations",
        "a.hlsl",
        ("function CSMain", "function After", "struct Hit"),
        """
struct [raypayload] Hit { float3 at : read(caller) : write(anyhit); };

RWStructuredBuffer<float> Output : register(u0, space1);

template <typename T> T After(T a, T b) { return select(a > b, a, b); }

[numthreads(8, 8, 1)]
[shader("compute")]
void CSMain(uint3 id : SV_DispatchThreadID) {
    Output[id.x] = WaveActiveSum(After<float>(1.0h, 2.0));
}
""",
    ),
    Sample(
        "blocks, generics, nullability, boxed literals",
        "a.mm",
        ("class Store", "method Store.load:done:", "function After"),
        """
@interface Store<__covariant Item : id<NSCopying>> : NSObject
@property (nonatomic, nullable, copy, class) NSArray<Item> *items;
@end

@implementation Store
- (nullable instancetype)load:(nonnull NSString *)path done:(void (^ _Nullable)(NSError * _Nullable error))done {
  if (@available(iOS 17.0, *)) { done(nil); }
  NSDictionary<NSString *, id> *all = @{ @"a" : @[ @1, @(2 + 1) ] };
  return self;
}
@end

NS_ASSUME_NONNULL_BEGIN
void After(void (^block)(void)) { @autoreleasepool { block(); } }
NS_ASSUME_NONNULL_END
""",
    ),
    Sample(
        "3.0 generic kernels, attributes",
        "a.cl",
        ("function scale", "function after"),
        """
__attribute__((reqd_work_group_size(8, 1, 1)))
__kernel void scale(__global float4 *restrict data, const __local int *count) {
    int i = get_global_id(0);
    data[i].xy *= (float2)(2.0f, 1.0f);
}

static inline int after(int x) { return x; }
""",
    ),
    Sample(
        "events with indexed values, custom errors, user types",
        "a.sol",
        ("interface Vault", "method Vault.put", "type Price"),
        """// SPDX-License-Identifier: MIT
pragma solidity ^0.8.29;

type Price is uint128;
using {add as +} for Price global;
error Low(address who, uint256 wanted);

interface Vault {
    event Put(address indexed who, uint256 amount) anonymous;
    function put(uint256 amount) external payable returns (bool);
}

contract Safe layout at 0x1000 {
    uint256 transient locked;
    modifier once() { require(locked == 0, Low(msg.sender, 1)); _; }
    function take() external once { unchecked { locked++; } assembly ("memory-safe") { mcopy(0, 0, 1) } }
}
""",
    ),
)
