"""The table of F#."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

FSHARP = """\
module Shop.Client

open System

/// Longest wait.
[<Literal>]
let MaxWait = 30

type Handler = int -> unit

type Client(url: string) =
    let mutable count = 0
    member this.Retry(times: int) =
        count + times
    static member Create() = Client("x")
    new() = Client("")
    interface IDisposable with
        member x.Dispose() = ()

type Shape =
    | Circle of float
    | Square of float
    member s.Area = 1.0

type Point = { X: int; Y: int }

type IListener =
    abstract member OnEvent: int -> unit

exception Boom of string

/// Adds.
let add x y =
    let inner z = z + 1
    inner x + y

let rec fact n = if n = 0 then 1 else n * fact (n - 1)
let inline (|>>) a b = b a

module Inner =
    let twice x = x * 2

[<EntryPoint>]
let main argv = 0
"""


def test_finds_every_definition() -> None:
    expected: Found = [
        ("Shop.Client", "module", 1, 44),
        ("Shop.Client.MaxWait", "constant", 5, 7),
        ("Shop.Client.Handler", "type", 9, 9),
        ("Shop.Client.Client", "type", 11, 18),
        ("Shop.Client.Client.Retry", "method", 13, 14),
        ("Shop.Client.Client.Create", "method", 15, 15),
        ("Shop.Client.Client.new", "method", 16, 16),
        ("Shop.Client.Shape", "type", 20, 23),
        ("Shop.Client.Shape.Area", "method", 23, 23),
        ("Shop.Client.Point", "type", 25, 25),
        ("Shop.Client.IListener", "type", 27, 28),
        ("Shop.Client.IListener.OnEvent", "method", 28, 28),
        ("Shop.Client.Boom", "exception", 30, 30),
        ("Shop.Client.add", "function", 32, 35),
        ("Shop.Client.add.inner", "function", 34, 34),
        ("Shop.Client.fact", "function", 37, 37),
        ("Shop.Client.|>>", "function", 38, 38),
        ("Shop.Client.Inner", "module", 40, 41),
        ("Shop.Client.Inner.twice", "function", 41, 41),
        ("Shop.Client.main", "function", 43, 44),
    ]
    assert found_in("Client.fs", FSHARP) == expected


def test_documentation_above_belongs_to_the_definition() -> None:
    assert first_line_of("Client.fs", FSHARP, "Shop.Client.MaxWait") == "/// Longest wait."


def test_types_directly_in_a_namespace_are_symbols() -> None:
    text = "namespace Shop.Core\n\ntype Lamp =\n    { Level: int }\n\nmodule Lamps =\n    let light x = x\n"
    expected: Found = [
        ("Shop.Core", "namespace", 1, 7),
        ("Shop.Core.Lamp", "type", 3, 4),
        ("Shop.Core.Lamps", "module", 6, 7),
        ("Shop.Core.Lamps.light", "function", 7, 7),
    ]
    assert found_in("Lamp.fs", text) == expected


def test_members_are_named_whatever_surrounds_the_name() -> None:
    text = """\
type Point() =
    member this.Move by = 1
    member private this.Get<'T> (x: int) (y: int) : int = 1
    static member inline (+) (a: Point, b) = a
    [<Obsolete>]
    member val Size = 3 with get, set
    override _.ToString() = ""
    abstract member ``odd name``: unit -> int
    static abstract Zero: 'T
    val mutable private count : int
"""
    members = ("Move", "Get", "+", "Size", "ToString", "odd name", "Zero", "count")
    names = ["Point", *(f"Point.{name}" for name in members)]
    assert [name for name, _, _, _ in found_in("Point.fs", text)] == names
