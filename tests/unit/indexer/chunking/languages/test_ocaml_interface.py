"""The table of OCaml's interface files."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, found_in

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


def test_finds_every_definition() -> None:
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
