"""The table of Pascal."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, found_in

UNIT = """\
unit Stock;
interface
uses SysUtils;
type
  TShelf = class(TObject)
  private
    FCount: Integer;
  public
    constructor Create(ACount: Integer);
    procedure Refill(N: Integer); virtual;
    function Total: Integer;
    property Count: Integer read FCount;
  end;
  TPoint = record
    X, Y: Integer;
  end;
  TColor = (red, green);
  IThing = interface
    procedure Go;
  end;
const Max = 3;
procedure Help(const S: string);
implementation
constructor TShelf.Create(ACount: Integer);
begin
  FCount := ACount;
end;
// refills
procedure TShelf.Refill(N: Integer);
  function Inner: Integer;
  begin
    Result := 1;
  end;
begin
  Inc(FCount, N);
end;
procedure Help(const S: string);
begin
end;
end.
"""

PROGRAM = """\
program Main;
var I: Integer;
procedure Go;
begin
end;
begin
  Go;
end.
"""

INCLUDED = """\
function Widen(const S: string; Width: Integer): string;
begin
  Result := S;
end;

procedure Narrow(var Lines: array of string);
var
  I: Integer;
begin
  for I := 0 to 3 do
    Lines[I] := Trim(Lines[I]);
end;
"""


def test_finds_every_definition_of_a_unit() -> None:
    expected: Found = [
        ("TShelf", "class", 5, 13),
        ("TShelf.Create", "method", 9, 9),
        ("TShelf.Refill", "method", 10, 10),
        ("TShelf.Total", "method", 11, 11),
        ("TShelf.Count", "property", 12, 12),
        ("TPoint", "struct", 14, 16),
        ("TColor", "enum", 17, 17),
        ("IThing", "interface", 18, 20),
        ("IThing.Go", "method", 19, 19),
        ("Max", "constant", 21, 21),
        ("Help", "prototype", 22, 22),
        ("TShelf.Create", "constructor", 24, 27),
        ("TShelf.Refill", "method", 28, 36),
        ("TShelf.Refill.Inner", "function", 30, 33),
        ("Help", "function", 37, 39),
    ]
    assert found_in("Stock.pas", UNIT) == expected


def test_finds_routines_of_a_program() -> None:
    expected: Found = [
        ("Go", "function", 3, 5),
    ]
    assert found_in("main.dpr", PROGRAM) == expected


def test_finds_routines_of_an_included_file() -> None:
    expected: Found = [
        ("Widen", "function", 1, 4),
        ("Narrow", "function", 6, 12),
    ]
    assert found_in("strings.inc", INCLUDED) == expected
