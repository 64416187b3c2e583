"""The table of Avro's IDL."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, found_in

MAIL = """\
/** Mail. */
@namespace("org.mail")
protocol Mail {
  import idl "other.avdl";
  /** A message. */
  @aliases(["old.Message"])
  record Message {
    string to;
    @order("ignore") union { null, string } body = null;
    array<string> `error` = [];
  }
  error Bounced { string why; }
  enum Mood { HAPPY, SAD } = HAPPY;
  fixed MD5(16);
  /** Sends. */
  string send(Message message, int n = 3) throws Bounced;
  void ping() oneway;
  array<Message> list(string a, map<int> b);
  Message? `get`();
}
"""


def test_finds_every_definition() -> None:
    expected: Found = [
        ("Mail", "protocol", 1, 20),
        ("Mail.Message", "record", 5, 11),
        ("Mail.Bounced", "error", 12, 12),
        ("Mail.Mood", "enum", 13, 13),
        ("Mail.MD5", "fixed", 14, 14),
        ("Mail.send", "method", 15, 16),
        ("Mail.ping", "method", 17, 17),
        ("Mail.list", "method", 18, 18),
        ("Mail.get", "method", 19, 19),
    ]
    assert found_in("mail.avdl", MAIL) == expected


def test_a_schema_needs_no_protocol() -> None:
    text = "namespace org.mail;\nschema Note;\n\nrecord Note {\n  string text;\n}\n"
    assert found_in("note.avdl", text) == [("Note", "record", 4, 6)]
