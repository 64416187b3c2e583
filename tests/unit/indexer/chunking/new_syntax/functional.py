"""Haskell, OCaml, F#, Elixir, Erlang, Elm, Clojure, Common Lisp, Julia, Nix."""

from __future__ import annotations

from tests.unit.indexer.chunking.new_syntax import Sample

SAMPLES = (
    Sample(
        "9.10 required type arguments, record dots, \\cases",
        "a.hs",
        ("module A", "type Point", "function norm", "function sizeOf", "function after"),
        """{-# LANGUAGE OverloadedRecordDot, RequiredTypeArguments, LambdaCase #-}
module A where

data Point = Point { x :: Double, y :: Double } deriving stock (Eq) deriving newtype Show

norm :: Point -> Double
norm point = sqrt (point.x * point.x + point.y)

sizeOf :: forall a -> Sized a => Int
sizeOf (type a) = size @a

after :: Int -> Int -> Int
after = \\cases
  1 _ -> 2
  _ n | n > 1, let m = n -> m
""",
    ),
    Sample(
        "linear types, or-patterns, multi-line strings, standalone kinds",
        "a.hs",
        ("type Pair", "function swap", "constant text", "function after"),
        """{-# LANGUAGE LinearTypes, MultilineStrings, OrPatterns #-}
type Pair :: Type -> Type
data Pair a where
  Pair :: a %1 -> a -> Pair a

swap :: (a, b) %1 -> (b, a)
swap (a, b) = (b, a)

text :: String
text = \"\"\"
  two
  lines
  \"\"\"

after :: Day -> Bool
after (Saturday; Sunday) = True
after _ = False
""",
    ),
    Sample(
        "5.3 effect handlers, 5.4 labelled tuples",
        "a.ml",
        ("type Effect.t", "function run", "function swap", "function after"),
        """
type _ Effect.t += Ask : string -> int Effect.t

let run f =
  match f () with
  | value -> value
  | effect (Ask _), k -> Effect.Deep.continue k 1

let swap ~(pair : x:int * y:int) =
  let ~x, ~y = pair in
  ~x:y, ~y:x

let after () = 1
""",
    ),
    Sample(
        "binding operators, modules as values, generative functors",
        "a.ml",
        ("interface Ord", "module Make", "function load", "function after"),
        """
module type Ord = sig
  type t [@@immediate]
  val compare : t -> t -> int
end

module Make (O : Ord) () : sig type set end = struct
  type set = O.t list
end

let ( let* ) = Result.bind

let load path =
  let* text = read path in
  let+ lines = split text and+ size = length text in
  let open struct let n = 1 end in
  { lines; size = size + n }

let after (type a) ?(x = 1) (module M : Ord with type t = a) = x [@@inline]
""",
    ),
    Sample(
        "modal kinds, labelled tuples in signatures",
        "a.mli",
        ("function find", "function after"),
        """
val find : key:string -> ?default:int -> x:int * y:int
val after : ('a. 'a -> 'a) -> unit
""",
    ),
    Sample(
        "9 nullness, 8 shorthand lambdas, 5 interpolation",
        "a.fs",
        ("module A", "function A.first", "type A.Point", "method A.Point.Move", "function A.after"),
        """module A

let first (text: string | null) =
    match text with
    | null -> ""
    | NonNull t -> t

[<Struct>]
type Point = { X: int; Y: int } with
    member this.Move by = { this with X = this.X + by }

let names people = people |> List.map _.Name |> List.map (fun n -> $"{n,-10} is %d{n.Length}")

let after x = task {
    let! a = x
    and! b = x
    while! more () do
        do! step ()
    return a + b
}
""",
    ),
    Sample(
        "6 indentation, static abstract members, active patterns",
        "a.fs",
        ("namespace A", "type A.Shape", "type A.Counter", "method A.Counter.Add", "function A.Demo.area"),
        """namespace A

type Shape =
    | Square of side: float
    | Circle of radius: float

type IAdd<'T when 'T :> IAdd<'T>> =
    static abstract Zero: 'T

type Counter(start: int) =
    let mutable count = start
    member _.Add(by: int, ?log: bool) =
        count <- count + by
        count
    interface System.IDisposable with
        member _.Dispose() = ()

module Demo =
    let (|Big|Small|) n = if n > 9 then Big else Small

    let rec area shape =
        match shape with
        | Square s -> s * s
        | Circle r when r > 0.0 -> r
        | _ -> 0.0
""",
    ),
    Sample(
        "1.18 sigils, dbg, stepped ranges, is_struct guards",
        "a.ex",
        ("module A", "function A.first", "function A.last"),
        """defmodule A do
  @doc ~S\"\"\"
  Says `\\#{this}`.
  \"\"\"
  def first(%{name: name} = user) when is_struct(user, User) and name not in ["", nil] do
    with {:ok, value} <- fetch(name), %{^name => _} <- value do
      value |> then(&(&1 + 1)) |> dbg()
    else
      :error -> 1..10//2
    end
  end

  def last(x), do: ~JSON[{"a": 1}]
end
""",
    ),
    Sample(
        "27 triple-quoted strings and sigils, maybe, documentation attributes",
        "a.erl",
        ("module a", "function a.first", "function a.last"),
        """-module(a).
-moduledoc \"\"\"
Says "this".
\"\"\".
-export([first/1, last/0]).

-doc #{since => "1.0"}.
first(Name) ->
    maybe
        {ok, Value} ?= find(~"name"),
        true ?= Value > 1,
        Value
    else
        error -> #{N => N + 1 || N <- [1, 2]}
    end.

last() -> [{X, Y} || X <- [1] && Y <- [2]].
""",
    ),
    Sample(
        "0.19.1 records, pipes, ports",
        "a.elm",
        ("module Main", "type Model", "function update", "constant after"),
        """module Main exposing (..)

type alias Model =
    { name : String, count : Int }

update : Msg -> Model -> ( Model, Cmd Msg )
update msg ({ count } as model) =
    case msg of
        Add by ->
            ( { model | count = count + by }, Cmd.none )

        _ ->
            model |> (\\m -> ( m, Cmd.none ))

after : Int -> Int
after =
    (+) 1
""",
    ),
    Sample(
        "1.12 functional interfaces, qualified methods, namespaced maps",
        "a.clj",
        ("module a", "function up", "protocol Shape", "function after"),
        """(ns a (:require [b :as-alias c]))

(defn up [xs] (map String/toUpperCase xs) #::c{:x 1 :y ##Inf})

(defprotocol Shape :extend-via-metadata true (area [this]))

(defn after ^long [^String/1 x & {:keys [a] :or {a 1}}] #?(:clj a :cljs 2))
""",
    ),
    Sample(
        "reader conditionals, loop, restarts",
        "a.lisp",
        ("function first-of", "class point", "method area", "function after"),
        """(in-package #:a)

(defun first-of (xs &key (default nil default-p) &allow-other-keys)
  (loop for x in xs when x return x finally (return default)))

(defclass point () ((x :initarg :x :accessor x-of)))

(defmethod area :around ((it point)) #+sbcl (call-next-method) #-sbcl 1)

(defun after () `(a ,@(list 1) #'car #(1 2) #\\Space #x1F))
""",
    ),
    Sample(
        "1.12 labels, public, macro calls, typed groups",
        "a.jl",
        ("module A", "struct A.Point", "function A.norm", "function A.after", "macro A.twice"),
        """module A

public norm, Point

@kwdef mutable struct Point{T<:Real}
    const x::T = 1
    @atomic y::T
end

norm(p::Point{T}; scale=one(T)) where {T} = √(p.x^2 + p.y^2) * scale

macro twice(ex)
    :($(esc(ex)); $(esc(ex)))
end

function after((a, b)::Tuple{Int,Int}, xs...)
    (; c, d) = point
    y = [x for x in xs if x isa Int] .|> sqrt
    return \"\"\"$(a) and $b\"\"\"
end

end
""",
    ),
    Sample(
        "inherit, or, pipe operators",
        "a.nix",
        ("function build", "function last"),
        """{ lib, pkgs ? import <nixpkgs> { }, ... }@args:
let
  name = "a-${lib.version or "none"}";
  build = { src, flags ? [ ], ... }: pkgs.runCommand name { inherit src; inherit (args) lib; } ''
    echo ''${not-nix} ${name}
  '';
  after = name |> lib.toUpper |> (x: x);
  last = x: y: x or y;
in
rec { inherit name build; }
""",
    ),
)
