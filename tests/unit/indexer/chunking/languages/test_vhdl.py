"""The table of VHDL."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, found_in

VHDL = """\
library ieee;
use ieee.std_logic_1164.all;
package util is
  function double(x : integer) return integer;
  type state is (idle, busy);
  constant W : integer := 8;
end package;
package body util is
  function double(x : integer) return integer is
  begin
    return 2 * x;
  end function;
end package body;
-- counts
entity counter is
  port (clk : in std_logic);
end entity counter;
architecture rtl of counter is
  signal a : std_logic;
  procedure bump(signal s : inout integer) is
  begin
    s <= s + 1;
  end procedure;
  component foo is port (a : in std_logic); end component;
begin
  tick : process (clk)
  begin
    a <= '1';
  end process tick;
end architecture;
"""


def test_finds_every_definition() -> None:
    expected: Found = [
        ("util", "package", 3, 7),
        ("util.double", "prototype", 4, 4),
        ("util.state", "type", 5, 5),
        ("util.W", "constant", 6, 6),
        ("util", "package", 8, 13),
        ("util.double", "function", 9, 12),
        ("counter", "entity", 14, 17),
        ("counter.rtl", "architecture", 18, 30),
        ("counter.rtl.bump", "function", 20, 23),
        ("counter.rtl.foo", "component", 24, 24),
        ("counter.rtl.tick", "process", 26, 29),
    ]
    assert found_in("util.vhd", VHDL) == expected
