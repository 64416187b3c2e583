"""The table of SystemVerilog."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

SYSTEMVERILOG = """\
package types;
  typedef enum logic [1:0] {IDLE, BUSY} state_t;
  typedef struct packed { logic a; } pair_t;
  function automatic int twice(int x);
    return 2 * x;
  endfunction
endpackage

interface bus_if (input logic clk);
  modport master (input clk);
endinterface

// counts
module counter #(parameter int W = 8) (input logic clk, output logic [W-1:0] q);
  always_ff @(posedge clk) q <= q + 1;
  task automatic reset_it;
    q <= 0;
  endtask
endmodule : counter

class packet extends base;
  rand bit [7:0] data;
  function new(string name);
  endfunction
  virtual function int checksum();
    return data;
  endfunction
  extern task send();
endclass
task packet::send();
endtask
program test; endprogram
"""


def test_finds_every_definition() -> None:
    expected: Found = [
        ("types", "package", 1, 7),
        ("types.state_t", "type", 2, 2),
        ("types.pair_t", "type", 3, 3),
        ("types.twice", "function", 4, 6),
        ("bus_if", "interface", 9, 11),
        ("counter", "module", 13, 19),
        ("counter.reset_it", "function", 16, 18),
        ("packet", "class", 21, 29),
        ("packet.new", "method", 23, 24),
        ("packet.checksum", "method", 25, 27),
        ("packet.send", "prototype", 28, 28),
        ("packet.send", "function", 30, 31),
        ("test", "program", 32, 32),
    ]
    assert found_in("types.sv", SYSTEMVERILOG) == expected


def test_comments_above_belong_to_the_definition() -> None:
    assert first_line_of("types.sv", SYSTEMVERILOG, "counter") == "// counts"


def test_a_head_over_two_lines_is_found() -> None:
    text = (
        "package p;\nfunction automatic logic [7:0]\n  flip (logic [7:0] x);\n  return ~x;\nendfunction\nendpackage\n"
    )
    assert found_in("p.sv", text) == [("p", "package", 1, 6), ("p.flip", "function", 2, 5)]
