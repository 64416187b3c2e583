"""The table of Puppet."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

PUPPET = """\
# web
class shop::frontend (
  Integer $port = 80,
) inherits shop::base {
  package { 'nginx': ensure => installed }
}
define shop::vhost($x) {
  file { "/etc/${x}": ensure => file }
}
node 'web1' { include shop }
function shop::twice(Integer $x) >> Integer { $x * 2 }
type Shop::Port = Integer[1, 10]
"""


def test_finds_every_definition() -> None:
    expected: Found = [
        ("shop.frontend", "class", 1, 6),
        ("shop.vhost", "type", 7, 9),
        ("web1", "node", 10, 10),
        ("shop.twice", "function", 11, 11),
        ("Shop.Port", "type", 12, 12),
    ]
    assert found_in("web.pp", PUPPET) == expected


def test_comments_above_belong_to_the_definition() -> None:
    assert first_line_of("web.pp", PUPPET, "shop.frontend") == "# web"
