"""The table of Perl."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

PERL = """\
#!/usr/bin/perl
# Clients.
package Shop::Client;
use strict;
use warnings;
use constant MAX_RETRIES => 3;
use constant { A => 1, B => 2 };
our $VERSION = '1.0';
my %cache;

=head2 retry

Retries.

=cut

sub retry {
    my ($self, $times) = @_;
    my $f = sub { 1 };
    return $self->send($times);
}

# Makes.
sub new {
    my $class = shift;
    return bless {}, $class;
}

sub with_proto($$) { return 1; }

package Shop::Session;

sub id { 1 }

package Shop::Block {
    sub inner { 2 }
}

BEGIN {
    sub in_begin { 1 }
}

1;
"""


def test_finds_every_definition() -> None:
    expected: Found = [
        ("Shop.Client", "module", 1, 3),
        ("Shop.Client.MAX_RETRIES", "constant", 6, 6),
        ("Shop.Client.A", "constant", 7, 7),
        ("Shop.Client.B", "constant", 7, 7),
        ("Shop.Client.VERSION", "variable", 8, 8),
        ("Shop.Client.retry", "function", 17, 21),
        ("Shop.Client.new", "function", 23, 27),
        ("Shop.Client.with_proto", "function", 29, 29),
        ("Shop.Session", "module", 31, 31),
        ("Shop.Session.id", "function", 33, 33),
        ("Shop.Block", "module", 35, 37),
        ("Shop.Block.inner", "function", 36, 36),
        ("Shop.Session.in_begin", "function", 40, 40),
    ]
    assert found_in("Client.pm", PERL) == expected


def test_comments_above_belong_to_the_definition() -> None:
    assert first_line_of("Client.pm", PERL, "Shop.Client.new") == "# Makes."
