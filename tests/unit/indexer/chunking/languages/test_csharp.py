"""The table of C#."""

from __future__ import annotations

from indexer.chunking.languages.table import language_name_of
from tests.unit.indexer.chunking.definition_finding import found_in, kinds_in

CSHARP = """
namespace App.Web {
  public record Point(int X);
  public delegate void Changed(int a);
  public enum Color { Red }
  interface IShape { void Draw(); }
  public class Client : Base {
    const int A = 1, B = 2;
    public int Count { get; set; }
    public event Changed OnChange;
    public Client() { }
    public void Retry() { void Local() { } }
    public static Client operator +(Client a, Client b) => a;
    public int this[int i] => i;
  }
  struct Pair { }
}
"""


def test_finds_every_definition() -> None:
    expected = {
        ("namespace", "App.Web"),
        ("record", "App.Web.Point"),
        ("delegate", "App.Web.Changed"),
        ("enum", "App.Web.Color"),
        ("interface", "App.Web.IShape"),
        ("method", "App.Web.IShape.Draw"),
        ("class", "App.Web.Client"),
        ("field", "App.Web.Client.A"),
        ("field", "App.Web.Client.B"),
        ("property", "App.Web.Client.Count"),
        ("event", "App.Web.Client.OnChange"),
        ("constructor", "App.Web.Client.Client"),
        ("method", "App.Web.Client.Retry"),
        ("function", "App.Web.Client.Retry.Local"),
        ("method", "App.Web.Client.operator +"),
        ("property", "App.Web.Client.this[]"),
        ("struct", "App.Web.Pair"),
    }
    assert language_name_of("a.cs", CSHARP) == "csharp"
    assert kinds_in("a.cs", CSHARP) == expected


EXTENSIONS = """\
namespace Garden;

public static class Beds
{
    /// <summary>Of a bed.</summary>
    extension<TKey, TPlant>(IDictionary<TKey, List<TPlant>> bed)
        where TKey : notnull
        where TPlant : class, new()
    {
        public int Size => bed.Count;
        public static string operator +(string a, int b) => "}" + a;
        [Obsolete]
        public void Plant(TKey at)
        {
            if (bed is { } soil) { soil.Add(at); }
        }
    }
    // Of the type itself.
    extension(string)
    {
        public static string Weed() { return @"{"; }
    }
    public static void Water(int litres) { extension(litres); }
}

public record Plant(string Name);
"""


def test_extension_blocks_leave_their_members_to_the_class() -> None:
    expected = [
        ("Beds", "class", 3, 24),
        ("Beds.Size", "property", 10, 10),
        ("Beds.operator +", "method", 11, 11),
        ("Beds.Plant", "method", 12, 16),
        ("Beds.Weed", "method", 21, 21),
        ("Beds.Water", "method", 23, 23),
        ("Plant", "record", 26, 26),
    ]
    found = [one for one in found_in("Beds.cs", EXTENSIONS) if one[1] != "namespace"]
    assert [(symbol.removeprefix("Garden."), *rest) for symbol, *rest in found] == expected


def test_extension_is_a_name_elsewhere() -> None:
    text = "class A {\n  void extension(int a) { }\n  int B() { return extension(1); }\n}\n"
    assert {symbol for symbol, *_ in found_in("A.cs", text)} == {"A", "A.extension", "A.B"}


def test_directives_of_a_program_in_one_file_are_not_read() -> None:
    text = "#!/usr/bin/env dotnet\n#:package A@1\n#:sdk B\n\nawait Run();\n\nasync Task Run() { }\n\nclass After { }\n"
    assert found_in("tool.cs", text) == [("Run", "function", 7, 7), ("After", "class", 9, 9)]
