"""The table of Elm."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

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


def test_finds_every_definition() -> None:
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


def test_documentation_above_belongs_to_the_definition() -> None:
    assert first_line_of("Client.elm", ELM, "update") == "{-| Retries. -}"
