"""The table of Groovy."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

GROOVY = """\
package shop.http

import groovy.transform.CompileStatic

/** Talks. */
@CompileStatic
class Client extends Base implements Closeable {
    static final int MAX = 3
    String url

    Client(String url) {
        this.url = url
    }

    /** Retry. */
    @Override
    def retry(int times) {
        def x = 1
        return send(times)
    }

    private static String make(String a, int b = 2) {
        return a
    }
}

interface Listener {
    void onEvent(Event e)
}

trait Loud {
    void shout() { println 'a' }
}

enum Color { RED, GREEN }

def topLevel(x) {
    x + 1
}

task hello {
    doLast { println 'hi' }
}
"""


def test_finds_every_definition() -> None:
    expected: Found = [
        ("Client", "class", 5, 26),
        ("Client.Client", "constructor", 11, 14),
        ("Client.retry", "method", 15, 21),
        ("Client.make", "method", 22, 24),
        ("Listener", "interface", 27, 30),
        ("Loud", "trait", 31, 34),
        ("Loud.shout", "method", 32, 32),
        ("Color", "enum", 35, 36),
        ("topLevel", "function", 37, 40),
        ("hello", "task", 41, 43),
    ]
    assert found_in("build.gradle", GROOVY) == expected


def test_comments_and_annotations_above_belong_to_the_definition() -> None:
    assert first_line_of("build.gradle", GROOVY, "Client.retry") == "/** Retry. */"


def test_gradle_tasks_are_symbols_however_they_are_made() -> None:
    text = (
        "tasks.register('packDocs', Zip) {\n    from 'docs'\n}\n\ntasks.named(\"jar\") {\n    enabled = false\n}\n\n"
        "task('stamp') {\n    doLast { }\n}\n\ntask tidy(type: Delete) {\n    delete 'out'\n}\n"
        "tasks.create('greet') {\n    group = 'x'\n}\n"
    )
    found = {(name, kind, start) for name, kind, start, _ in found_in("build.gradle", text)}
    assert {
        ("packDocs", "task", 1),
        ("jar", "task", 5),
        ("stamp", "task", 9),
        ("tidy", "task", 13),
        ("greet", "task", 16),
    } <= found
