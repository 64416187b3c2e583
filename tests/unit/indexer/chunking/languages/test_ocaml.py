"""The table of OCaml."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

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


def test_finds_every_definition() -> None:
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


def test_documentation_above_belongs_to_the_definition() -> None:
    assert first_line_of("client.ml", OCAML, "retry") == "(** Retries. *)"


def test_interface_files_read_before_hide_no_methods() -> None:
    text = "let make url =\n  let client = object\n    method retry = 1\n  end in\n  client\n"
    assert found_in("client.mli", "val make : string -> client\n") == [("make", "function", 1, 1)]
    assert found_in("client.ml", text) == [("make", "function", 1, 5), ("make.retry", "method", 3, 3)]
