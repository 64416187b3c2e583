"""The table of Erlang."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

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


def test_finds_every_definition() -> None:
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


def test_documentation_above_belongs_to_the_definition() -> None:
    assert first_line_of("client.erl", ERLANG, "client.retry") == "%% @doc Retries."
