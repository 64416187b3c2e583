"""The table of Kotlin."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

KOTLIN = """\
package shop.http

import java.time.Duration

const val MAX_WAIT = 30
val defaultClient by lazy { Client("x") }
private var counter = 0

typealias Handler = (Request) -> Unit

/** Talks to the shop. */
@Serializable
class Client(val url: String, private val retries: Int = 3) : Base(url), Closeable {
    private val pool = Pool()

    /** Current state. */
    var state: State
        get() = pool.state
        set(value) {
            pool.state = value
        }

    init {
        require(retries > 0)
    }

    constructor(url: String) : this(url, 1) {
        println(url)
    }

    // Tries again.
    @Throws(IOException::class)
    suspend fun retry(times: Int): Response {
        fun helper() = 1
        val local = object : Runnable {
            override fun run() {}
        }
        return send(times)
    }

    override fun close() = pool.close()

    inner class Session(val id: Int)

    companion object {
        const val VERSION = "1"
        fun create() = Client("")
    }

    companion object Named {
        fun other() = 1
    }
}

interface Listener { fun onEvent(e: Event) }

fun interface Action {
    fun run()
}

enum class Color(val rgb: Int) {
    RED(1) {
        override fun paint() = 1
    },
    GREEN(2);

    abstract fun paint(): Int
}

sealed interface Result {
    data class Ok(val v: Int) : Result
    data object Missing : Result
    object Gone : Result
}

annotation class Marker

fun <T> List<T>.second(): T = this[1]

val String.words: List<String>
    get() = split(" ")

internal inline fun <reified T : Any> parse(text: String): T {
    return decode(text)
}
"""


def test_finds_every_definition() -> None:
    expected: Found = [
        ("MAX_WAIT", "constant", 5, 5),
        ("defaultClient", "constant", 6, 6),
        ("counter", "variable", 7, 7),
        ("Handler", "type", 9, 9),
        ("Client", "class", 11, 53),
        ("Client.pool", "property", 14, 14),
        ("Client.state", "property", 16, 21),
        ("Client.constructor", "constructor", 27, 29),
        ("Client.retry", "method", 31, 39),
        ("Client.retry.helper", "function", 34, 34),
        ("Client.retry.run", "method", 36, 36),
        ("Client.close", "method", 41, 41),
        ("Client.Session", "class", 43, 43),
        ("Client.VERSION", "constant", 46, 46),
        ("Client.create", "method", 47, 47),
        ("Client.Named", "object", 50, 52),
        ("Client.Named.other", "method", 51, 51),
        ("Listener", "interface", 55, 55),
        ("Listener.onEvent", "method", 55, 55),
        ("Action", "interface", 57, 59),
        ("Action.run", "method", 58, 58),
        ("Color", "enum", 61, 68),
        ("Color.paint", "method", 63, 63),
        ("Color.paint", "method", 67, 67),
        ("Result", "interface", 70, 74),
        ("Result.Ok", "class", 71, 71),
        ("Result.Missing", "object", 72, 72),
        ("Result.Gone", "object", 73, 73),
        ("Marker", "class", 76, 76),
        ("List.second", "function", 78, 78),
        ("String.words", "property", 80, 81),
        ("parse", "function", 83, 85),
    ]
    assert found_in("Client.kt", KOTLIN) == expected


def test_a_broken_function_does_not_lose_its_neighbours() -> None:
    text = "class Client {\n    fun before() = 1\n    fun broken( = {\n    fun after() = 2\n}\nfun outside() = 3\n"
    names = {name for name, *_ in found_in("Client.kt", text)}
    assert {"before", "outside"} <= {name.rsplit(".", 1)[-1] for name in names}


def test_comments_and_annotations_above_belong_to_the_definition() -> None:
    assert first_line_of("Client.kt", KOTLIN, "Client") == "/** Talks to the shop. */"
    assert first_line_of("Client.kt", KOTLIN, "Client.retry") == "// Tries again."


def test_gradle_tasks_are_symbols_however_they_are_made() -> None:
    text = (
        'tasks.register<Zip>("packDocs") {\n    from("docs")\n}\n\ntasks.named("jar") {\n    enabled = false\n}\n\n'
        'val stamp by tasks.registering {\n    doLast { }\n}\n\nprintln("jar")\n'
    )
    expected: Found = [("packDocs", "task", 1, 3), ("jar", "task", 5, 7), ("stamp", "constant", 9, 11)]
    assert found_in("build.gradle.kts", text) == expected
