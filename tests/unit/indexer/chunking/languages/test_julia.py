"""The table of Julia."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

JULIA = '''\
"""
Clients.
"""
module Shop

using HTTP
export retry

const MAX_RETRIES = 3
counter = 0

"Talks."
struct Client <: Base
    url::String
    retries::Int
    Client(url) = new(url, 3)
    function Client(url, n)
        new(url, n)
    end
end

mutable struct Session{T}
    id::T
end

abstract type Shape end
primitive type Byte8 8 end

"""
    retry(c, n)

Retries.
"""
function retry(c::Client, n::Int=3; token=nothing)::Int
    inner(x) = x + 1
    y = 1
    return inner(n)
end

# short
area(s::Shape) = 1.0
Base.show(io::IO, c::Client) = print(io, "x")
function Base.length(c::Client) where T
    1
end
function (c::Client)(x)
    x
end
macro retrying(ex)
    esc(ex)
end
@enum Color red green blue
Base.@kwdef struct Options
    a::Int = 1
end
@inline fast(x) = x
@inline function faster(x)
    x
end
const Handler = Function
f(x::T) where {T} = x
increment = x -> x + 1
function forward end
@testset "retry" begin
    @test 1 == 1
end
baremodule Inner
h() = 1
end
if true
    cond() = 1
end
end
'''


def test_finds_every_definition() -> None:
    expected: Found = [
        ("Shop", "module", 1, 73),
        ("Shop.MAX_RETRIES", "constant", 9, 9),
        ("Shop.Client", "struct", 12, 20),
        ("Shop.Client.Client", "constructor", 16, 16),
        ("Shop.Client.Client", "constructor", 17, 19),
        ("Shop.Session", "struct", 22, 24),
        ("Shop.Shape", "type", 26, 26),
        ("Shop.Byte8", "type", 27, 27),
        ("Shop.retry", "function", 29, 38),
        ("Shop.retry.inner", "function", 35, 35),
        ("Shop.area", "function", 40, 41),
        ("Shop.Base.show", "function", 42, 42),
        ("Shop.Base.length", "function", 43, 45),
        ("Shop.Client", "function", 46, 48),
        ("Shop.retrying", "macro", 49, 51),
        ("Shop.Color", "enum", 52, 52),
        ("Shop.Options", "struct", 53, 55),
        ("Shop.fast", "function", 56, 56),
        ("Shop.faster", "function", 57, 59),
        ("Shop.Handler", "constant", 60, 60),
        ("Shop.f", "function", 61, 61),
        ("Shop.increment", "function", 62, 62),
        ("Shop.forward", "function", 63, 63),
        ("Shop.retry", "test", 64, 66),
        ("Shop.Inner", "module", 67, 69),
        ("Shop.Inner.h", "function", 68, 68),
        ("Shop.cond", "function", 71, 71),
    ]
    assert found_in("client.jl", JULIA) == expected


def test_comments_above_belong_to_the_definition() -> None:
    assert first_line_of("client.jl", JULIA, "Shop.Client") == '"Talks."'
    assert first_line_of("client.jl", JULIA, "Shop.retry") == '"""'
