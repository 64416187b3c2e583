"""The table of Apex."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, found_in

APEX = """\
/** Rules. */
public with sharing class Rules {
    private static final Integer MAX = 3;
    public String name { get; set; }
    public enum Level { LOW, HIGH }
    public interface Rated { Integer rate(); }
    public Rules(Integer x) {
        this.x = x;
    }
    @AuraEnabled
    public static Integer rate(Account a) {
        List<Contact> cs = [SELECT Id FROM Contact WHERE AccountId = :a.Id];
        return 1;
    }
    public class Inner extends Base {
        void go() { }
    }
}
"""

TRIGGER = """\
trigger OnOrder on Order (before insert, after update) {
    Rules.rate(null);
}
"""


def test_finds_every_definition_of_a_class() -> None:
    expected: Found = [
        ("Rules", "class", 1, 18),
        ("Rules.MAX", "field", 3, 3),
        ("Rules.name", "property", 4, 4),
        ("Rules.Level", "enum", 5, 5),
        ("Rules.Rated", "interface", 6, 6),
        ("Rules.Rated.rate", "method", 6, 6),
        ("Rules.Rules", "constructor", 7, 9),
        ("Rules.rate", "method", 10, 14),
        ("Rules.Inner", "class", 15, 17),
        ("Rules.Inner.go", "method", 16, 16),
    ]
    assert found_in("Rules.cls", APEX) == expected


def test_finds_triggers() -> None:
    expected: Found = [
        ("OnOrder", "trigger", 1, 3),
    ]
    assert found_in("OnOrder.trigger", TRIGGER) == expected
