"""The table of Ruby."""

from __future__ import annotations

from indexer.chunking.languages.table import language_name_of
from tests.unit.indexer.chunking.definition_finding import kinds_in

RUBY = """
module Net
  LIMIT = 3
  class Http::Client < Base
    attr_reader :host, :port
    def self.open; end
    def retry!; end
    private def hidden = 1
    class << self
      def build; end
    end
    Point = Struct.new(:x) do
      def norm; end
    end
    test "it works" do
      x
    end
  end
end
def Net.get; end
"""


def test_finds_every_definition() -> None:
    expected = {
        ("module", "Net"),
        ("constant", "Net.LIMIT"),
        ("class", "Net.Http.Client"),
        ("property", "Net.Http.Client.host"),
        ("property", "Net.Http.Client.port"),
        ("method", "Net.Http.Client.open"),
        ("method", "Net.Http.Client.retry!"),
        ("method", "Net.Http.Client.hidden"),
        ("method", "Net.Http.Client.build"),
        ("class", "Net.Http.Client.Point"),
        ("method", "Net.Http.Client.Point.norm"),
        ("test", "Net.Http.Client.it works"),
        ("method", "Net.get"),
    }
    assert language_name_of("a.rb", RUBY) == "ruby"
    assert kinds_in("a.rb", RUBY) == expected
