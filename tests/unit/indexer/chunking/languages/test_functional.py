"""The tables of Elixir, Erlang, Haskell, OCaml, Clojure, F# and Elm, each on a snippet of its own."""

from __future__ import annotations

from indexer.chunking.definitions import find_definitions
from indexer.chunking.languages.table import language_of
from indexer.chunking.parsing import SourceParser
from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

ELIXIR = r'''# Clients.
defmodule MyApp.Client do
  @moduledoc """
  Talks.
  """
  use GenServer
  alias MyApp.Other

  @max_retries 3
  @type t :: %__MODULE__{url: String.t()}
  @typedoc "An option"
  @opaque option :: {atom, term}
  @callback handle(term) :: :ok
  @behaviour Foo

  defstruct [:url, retries: 3]

  @doc """
  Retries.
  """
  @spec retry(t(), integer) :: {:ok, term}
  def retry(client, times \\ 3)

  def retry(client, 0), do: {:error, client}

  # second
  def retry(%{url: url} = client, times) when times > 0 do
    local = 1
    send(client, times)
  end

  @impl true
  def init(arg), do: {:ok, arg}

  defp helper(x) do
    x
  end

  defmacro is_ok(x) do
    quote do
      def generated(a), do: a
    end
  end

  defguard is_big(x) when x > 10
  defdelegate size(m), to: Map
  def no_args, do: 1
  def a <~> b, do: {a, b}
  def unquote(name)(x), do: x

  defmodule Nested do
    def inner do
      1
    end
  end
end

defprotocol Shape do
  @doc "Area"
  def area(shape)
end

defimpl Shape, for: Circle do
  def area(c), do: c.r
end

defmodule MyApp.Error do
  defexception [:message]
end

defmodule ClientTest do
  use ExUnit.Case

  setup do
    :ok
  end

  describe "retry" do
    @tag :slow
    test "works with two", %{conn: conn} do
      assert 1 == 1
    end
  end

  test "plain" do
    assert true
  end

  if true do
    def conditional, do: 1
  end
end
'''
ERLANG = """\
%% Clients.
-module(client).
-behaviour(gen_server).
-export([retry/2, init/1]).
-include("x.hrl").

-define(MAX_RETRIES, 3).
-define(SQUARE(X), ((X) * (X))).
-record(state, {url :: string(), count = 0}).
-type handler() :: fun((term()) -> ok).
-opaque id() :: integer().
-callback handle(term()) -> ok.

%% @doc Retries.
-spec retry(pid(), integer()) -> ok | {error, term()}.
retry(_Pid, 0) ->
    {error, none};
%% second clause
retry(Pid, N) when N > 0 ->
    F = fun(X) -> X end,
    F(N),
    retry(Pid, N - 1).

init([]) -> {ok, #state{}}.

-ifdef(TEST).
helper(X) ->
    X.
-endif.

retry(A) -> A.
"""
HASKELL = """\
{-# LANGUAGE CPP #-}
-- | Clients.
module Shop.Client
  ( Client (..)
  , retry
  ) where

import Data.Text (Text)

data Client = Client
  { url :: Text
  , retries :: !Int -- ^ how often
  }
  | Null
  deriving (Eq, Show)

newtype Id = Id { unId :: Int } deriving newtype Show

type Handler a = a -> IO ()

-- | Shapes.
class Shape a where
  -- | The area.
  area :: a -> Double
  name :: a -> String
  name _ = "x"
  {-# MINIMAL area #-}

instance Shape Client where
  area _ = 1.0
  name c = go c
    where go _ = "a"

-- | Retries.
retry :: Client -> Int -> IO ()
retry _ 0 = pure ()
retry c n
  | n > 0 = helper
  | otherwise = pure ()
  where
    helper = retry c (n - 1)

maxRetries :: Int
maxRetries = 3

{-# INLINE (<+>) #-}
(<+>) :: Int -> Int -> Int
a <+> b = a + b

infixl 6 <+>

type family Elem c :: Type where
  Elem [a] = a

data family F a
type instance Foo Int = Bool
data GADT a where
  MkInt :: Int -> GADT Int
  MkB :: Bool -> GADT Bool

deriving instance Show (GADT a)

pattern P :: Int -> Maybe Int
pattern P x = Just x

#if MIN_VERSION_base(4,9,0)
semi :: Int
semi = 1
#endif

foreign import ccall "math.h sin" c_sin :: Double -> Double
"""
OCAML = """\
(** Clients. *)
open Printf

(** Longest wait. *)
let max_wait = 30

exception Not_found_client of string

type state =
  | Idle
  | Busy of int

type 'a box = { value : 'a; count : int }
and other = int

(** Retries. *)
let rec retry client times =
  let local x = x + 1 in
  if times = 0 then () else again client (local times)

and again c n = retry c (n - 1)

let ( >>= ) m f = bind m f
let () = print_endline "x"

module type SHAPE = sig
  type t
  val area : t -> float
end

module Circle : SHAPE = struct
  type t = float
  let area r = r *. r
end

module Make (S : SHAPE) = struct
  let twice x = S.area x +. S.area x
  module Inner = struct
    let z () = 1
  end
end

class client (url : string) = object (self)
  val mutable count = 0
  method retry n = count <- n
  method private helper = 1
end

class type shape = object
  method area : float
end

external c_sin : float -> float = "caml_sin"
let%test "works" = true
let f = fun x -> x
include Other
"""
OCAML_INTERFACE = """\
(** Clients. *)

type t
(** After. *)

(** Retries. *)
val retry : t -> int -> unit

exception Boom of string
module type SHAPE = sig
  type t
  val area : t -> float
end
module Circle : SHAPE
module Make (S : SHAPE) : sig
  val twice : S.t -> float
end
class client : string -> object
  method retry : int -> unit
end
external c_sin : float -> float = "caml_sin"
val ( >>= ) : 'a -> 'b
"""
CLOJURE = """\
(ns shop.client
  "Clients."
  (:require [clojure.string :as str]))

;; Longest wait.
(def max-wait 30)
(def ^:private counter (atom 0))
(defonce state (atom {}))

(defn retry
  "Retries."
  [client times]
  (let [x 1]
    (defn inner [] 1)
    (send client times)))

(defn- ^String helper [x] x)

(defmacro unless [test & body]
  `(if (not ~test) (do ~@body)))

(defprotocol Shape
  "Shapes."
  (area [this] "The area.")
  (perimeter [this]))

(defrecord Circle [r]
  Shape
  (area [_] (* r r)))

(deftype Box [v])

(defmulti render :kind)
(defmethod render :html [x]
  x)
(defmethod render :text [x] x)

(extend-type String
  Shape
  (area [s] 1))

(deftest retry-test
  (is (= 1 1)))

(comment
  (retry 1 2))

(defn ^{:doc "x"} with-meta-name [a] a)
#?(:clj (defn only-jvm [] 1)
   :cljs (defn only-js [] 1))
"""
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
ELM = """\
module Shop.Client exposing (..)

import Html exposing (Html)

{-| Longest wait. -}
maxWait : Int
maxWait =
    30

type alias Model =
    { url : String }

type Msg
    = Increment
    | Decrement

{-| Retries. -}
update : Msg -> Model -> Model
update msg model =
    let
        inner x = x
    in
    case msg of
        Increment -> model
        Decrement -> model

port sendMessage : String -> Cmd msg
"""


def test_finds_every_definition_of_elixir() -> None:
    expected: Found = [
        ("MyApp.Client", "module", 1, 56),
        ("MyApp.Client.max_retries", "constant", 9, 9),
        ("MyApp.Client.t", "type", 10, 10),
        ("MyApp.Client.option", "type", 11, 12),
        ("MyApp.Client.handle", "callback", 13, 13),
        ("MyApp.Client.retry", "function", 18, 30),
        ("MyApp.Client.init", "function", 32, 33),
        ("MyApp.Client.helper", "function", 35, 37),
        ("MyApp.Client.is_ok", "macro", 39, 43),
        ("MyApp.Client.is_ok.generated", "function", 41, 41),
        ("MyApp.Client.is_big", "macro", 45, 45),
        ("MyApp.Client.size", "function", 46, 46),
        ("MyApp.Client.no_args", "function", 47, 47),
        ("MyApp.Client.<~>", "function", 48, 48),
        ("MyApp.Client.Nested", "module", 51, 55),
        ("MyApp.Client.Nested.inner", "function", 52, 54),
        ("Shape", "protocol", 58, 61),
        ("Shape.area", "method", 59, 60),
        ("Shape.Circle", "impl", 63, 65),
        ("Shape.Circle.area", "method", 64, 64),
        ("MyApp.Error", "module", 67, 69),
        ("ClientTest", "module", 71, 92),
        ("ClientTest.retry", "test", 78, 83),
        ("ClientTest.retry.works with two", "test", 79, 82),
        ("ClientTest.plain", "test", 85, 87),
        ("ClientTest.conditional", "function", 90, 90),
    ]
    assert found_in("client.ex", ELIXIR) == expected


def test_finds_every_definition_of_erlang() -> None:
    expected: Found = [
        ("client", "module", 1, 2),
        ("client.MAX_RETRIES", "macro", 7, 7),
        ("client.SQUARE", "macro", 8, 8),
        ("client.state", "struct", 9, 9),
        ("client.handler", "type", 10, 10),
        ("client.id", "type", 11, 11),
        ("client.handle", "callback", 12, 12),
        ("client.retry", "function", 14, 22),
        ("client.init", "function", 24, 24),
        ("client.helper", "function", 27, 28),
        ("client.retry", "function", 31, 31),
    ]
    assert found_in("client.erl", ERLANG) == expected


def test_finds_every_definition_of_haskell() -> None:
    expected: Found = [
        ("Shop.Client", "module", 2, 6),
        ("Client", "type", 10, 15),
        ("Client.url", "field", 11, 11),
        ("Client.retries", "field", 12, 12),
        ("Id", "type", 17, 17),
        ("Id.unId", "field", 17, 17),
        ("Handler", "type", 19, 19),
        ("Shape", "class", 21, 27),
        ("Shape.area", "method", 24, 24),
        ("Shape.name", "method", 25, 26),
        ("Shape Client", "instance", 29, 32),
        ("Shape Client.area", "method", 30, 30),
        ("Shape Client.name", "method", 31, 32),
        ("Shape Client.name.go", "function", 32, 32),
        ("retry", "function", 34, 41),
        ("maxRetries", "constant", 43, 44),
        ("<+>", "function", 46, 48),
        ("Elem", "type", 52, 53),
        ("F", "type", 55, 55),
        ("Foo Int", "type", 56, 56),
        ("GADT", "type", 57, 59),
        ("P", "pattern", 63, 64),
        ("semi", "constant", 67, 68),
        ("c_sin", "function", 71, 71),
    ]
    assert found_in("Client.hs", HASKELL) == expected


def test_finds_every_definition_of_ocaml() -> None:
    expected: Found = [
        ("max_wait", "constant", 4, 5),
        ("Not_found_client", "exception", 7, 7),
        ("state", "type", 9, 11),
        ("box", "type", 13, 13),
        ("other", "type", 14, 14),
        ("retry", "function", 16, 19),
        ("retry.local", "function", 18, 18),
        ("again", "function", 21, 21),
        (">>=", "function", 23, 23),
        ("SHAPE", "interface", 26, 29),
        ("SHAPE.t", "type", 27, 27),
        ("SHAPE.area", "method", 28, 28),
        ("Circle", "module", 31, 34),
        ("Circle.t", "type", 32, 32),
        ("Circle.area", "function", 33, 33),
        ("Make", "module", 36, 41),
        ("Make.twice", "function", 37, 37),
        ("Make.Inner", "module", 38, 40),
        ("Make.Inner.z", "function", 39, 39),
        ("client", "class", 43, 47),
        ("client.retry", "method", 45, 45),
        ("client.helper", "method", 46, 46),
        ("shape", "interface", 49, 51),
        ("shape.area", "method", 50, 50),
        ("c_sin", "function", 53, 53),
        ("works", "test", 54, 54),
        ("f", "function", 55, 55),
    ]
    assert found_in("client.ml", OCAML) == expected


def test_finds_every_definition_of_ocaml_interface() -> None:
    expected: Found = [
        ("t", "type", 3, 3),
        ("retry", "function", 6, 7),
        ("Boom", "exception", 9, 9),
        ("SHAPE", "interface", 10, 13),
        ("SHAPE.t", "type", 11, 11),
        ("SHAPE.area", "method", 12, 12),
        ("Circle", "module", 14, 14),
        ("Make", "module", 15, 17),
        ("Make.twice", "function", 16, 16),
        ("client", "class", 18, 20),
        ("client.retry", "method", 19, 19),
        ("c_sin", "function", 21, 21),
        (">>=", "function", 22, 22),
    ]
    assert found_in("client.mli", OCAML_INTERFACE) == expected


def test_finds_every_definition_of_clojure() -> None:
    expected: Found = [
        ("shop.client", "module", 1, 3),
        ("max-wait", "constant", 5, 6),
        ("counter", "constant", 7, 7),
        ("state", "constant", 8, 8),
        ("retry", "function", 10, 15),
        ("retry.inner", "function", 14, 14),
        ("helper", "function", 17, 17),
        ("unless", "macro", 19, 20),
        ("Shape", "protocol", 22, 25),
        ("Shape.area", "method", 24, 24),
        ("Shape.perimeter", "method", 25, 25),
        ("Circle", "struct", 27, 29),
        ("Circle.area", "method", 29, 29),
        ("Box", "struct", 31, 31),
        ("render", "function", 33, 33),
        ("render", "method", 34, 35),
        ("render", "method", 36, 36),
        ("String", "impl", 38, 40),
        ("String.area", "method", 40, 40),
        ("retry-test", "test", 42, 43),
        ("with-meta-name", "function", 48, 48),
        ("only-jvm", "function", 49, 49),
        ("only-js", "function", 50, 50),
    ]
    assert found_in("client.clj", CLOJURE) == expected


def test_finds_every_definition_of_fsharp() -> None:
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


def test_finds_every_definition_of_elm() -> None:
    expected: Found = [
        ("Shop.Client", "module", 1, 1),
        ("maxWait", "constant", 5, 8),
        ("Model", "type", 10, 11),
        ("Msg", "type", 13, 15),
        ("update", "function", 17, 25),
        ("update.inner", "function", 21, 21),
        ("sendMessage", "function", 27, 27),
    ]
    assert found_in("Client.elm", ELM) == expected


def test_documentation_and_signatures_above_belong_to_the_definition() -> None:
    assert first_line_of("client.ex", ELIXIR, "MyApp.Client.retry") == '@doc """'
    assert first_line_of("client.ex", ELIXIR, "MyApp.Client.init") == "@impl true"
    assert first_line_of("client.ex", ELIXIR, "ClientTest.retry.works with two") == "@tag :slow"
    assert first_line_of("client.erl", ERLANG, "client.retry") == "%% @doc Retries."
    assert first_line_of("Client.hs", HASKELL, "retry") == "-- | Retries."
    assert first_line_of("Client.hs", HASKELL, "<+>") == "{-# INLINE (<+>) #-}"
    assert first_line_of("client.ml", OCAML, "retry") == "(** Retries. *)"
    assert first_line_of("client.clj", CLOJURE, "max-wait") == ";; Longest wait."
    assert first_line_of("Client.fs", FSHARP, "Shop.Client.MaxWait") == "/// Longest wait."
    assert first_line_of("Client.elm", ELM, "update") == "{-| Retries. -}"


def test_clauses_of_one_function_are_one_symbol_and_other_arities_are_not() -> None:
    text = """\
defmodule Cache do
  def get(key), do: get(key, nil)

  def get(nil, default), do: default
  # found
  def get(key, _default), do: key

  def put(key), do: key
end
"""
    expected: Found = [
        ("Cache", "module", 1, 9),
        ("Cache.get", "function", 2, 2),
        ("Cache.get", "function", 4, 6),
        ("Cache.put", "function", 8, 8),
    ]
    assert found_in("cache.ex", text) == expected


def test_both_branches_of_the_preprocessor_are_read() -> None:
    language = language_of("Key.hs")
    assert language is not None
    assert language.repair is not None
    source = b"module Key where\n#ifdef MAP\nsize = M.size\n#else\nsize = H.size\n#endif\n"
    repaired = language.repair(source)
    assert repaired is not None
    assert len(repaired) == len(source)
    tree = SourceParser().parse(language, repaired)
    assert tree is not None
    [size] = [found for found in find_definitions(language, tree.root_node, source) if found.name == "size"]
    assert (size.start_line, size.end_line) == (3, 5)
    assert language.repair(b"module Key where\nsize = 1\n") is None
