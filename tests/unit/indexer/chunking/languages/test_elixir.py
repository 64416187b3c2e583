"""The table of Elixir."""

from __future__ import annotations

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


def test_finds_every_definition() -> None:
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


def test_documentation_above_belongs_to_the_definition() -> None:
    assert first_line_of("client.ex", ELIXIR, "MyApp.Client.retry") == '@doc """'
    assert first_line_of("client.ex", ELIXIR, "MyApp.Client.init") == "@impl true"
    assert first_line_of("client.ex", ELIXIR, "ClientTest.retry.works with two") == "@tag :slow"
