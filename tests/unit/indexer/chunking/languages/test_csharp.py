"""The table of C#."""

from __future__ import annotations

from indexer.chunking.languages.table import language_name_of
from tests.unit.indexer.chunking.definition_finding import kinds_in

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
