"""The words of docs/benchmarks.md around the figures that report.py puts in."""

TITLE = "# Benchmarks"

INTRODUCTION = """
codesearch beside its peers, all measured in one run on one machine. The queries are half of the public semble
benchmark: questions about real repositories, each with the files, sometimes the lines, that answer it. Made by `make
bench BENCH=DIR TREES=DIR`; the figures of each commit are in `benchmarks/results/`.
"""

METHOD = """
## What is compared

Every system indexes the same folder of a repository and answers the same queries, ten results each. NDCG@10 is
computed by the annotation folder's own script: a target counts at the rank of the first result that covers it,
repeating a file costs ranks.

- **codesearch**: `codesearch index` into a fresh data folder; the retriever is asked in one process. **over HTTP**:
  the same index behind `codesearch serve`, `POST /retrieval` on one connection that stays open. The shipped ranking was
  trained on these queries, too: with each repository left out of the training it reaches 0.897
  ([design](design.md#ranking)).
- **semble, our model**: the newest release, in an environment of its own, with its defaults and the bundled model's
  folder as its `model_path`. Nothing is downloaded in a run; semble's own model is distributed through a model hub
  and is not measured here. With it, semble reports 0.855 on the whole benchmark, of which these queries are a half.
- **semble, BM25 alone**: the same with `alpha` 0, so that the model has no say; its ranking rules remain.
- **ripgrep**: one process per query, no index. The query's words without stop words, as fixed strings in any case;
  files ordered by how many different words occur in them, then by occurrences, then by path. A file's result is the
  20 lines with the most different words.
- **plain full text** and **plain vectors**: LanceDB alone over codesearch's chunks, one table per repository. BM25
  over one column with the tokens of path, symbol and content; exact cosine distance of the bundled model's vectors.
  One chunk per file, of the first hundred.

Query times are those of one client, every query asked once, of all repositories together; the first query of a
repository is asked once more before. Those of ripgrep include the start of its process, those over HTTP the request.
Peak memory is the largest sum of resident memory of a system's processes while it indexed or answered. The store of
codesearch is the whole data folder; semble's is its index as it saves it.
"""

INDEXING = """
## Indexing

The ten largest of the repositories. Seconds count from the start of the process: of `codesearch index` until it has
ended, with everything on the disk; of semble until its index can be asked in memory, unsaved. A megabyte is a million
characters of text that codesearch indexed, for both: semble's default is code without documents and configuration.
The ratio is codesearch's speed over semble's: above 1, codesearch is faster.
"""

MANY_TREES = """
## Many trees in one command

The table above is of one command for each tree. Here all trees are indexed by one: `codesearch index A B C...`, until
everything is on the disk, its search indexes included; beside it semble's library in one process that keeps every index
in memory, for code alone, which is its default, and with documents and configuration. CPU seconds are those of all
processes of the command. codesearch reads more files, and cuts them smaller.
"""

UPDATES = """
## What changes cost

A first index, one changed file, and a second branch on which 1% of the files differ
([segments](operations.md#segments)). Seconds count from the start of `codesearch index` to its end. Memory is the sum
of all processes, pages that they share counted for each.
"""

MANY_SOURCES = """
## Many sources

What one source among a thousand costs: small git repositories made by rule, in one store. A refresh without changes of
200 of them; one more source among few and among many; queries to the same sources beside few and beside many others.
"""

PROCESSES = """
## Server processes

Requests a second with 1, 2 and 4 processes of one service (`codesearch serve --workers N`) and 16 connections that stay
open. The client is wrk, which takes a hundredth of what a request takes. "The service alone" is the number of cores and
how many requests a second each could answer by the CPU that one takes.
"""

DAY = """
## A day in minutes

Small git repositories made by rule, one service with its worker, and a day of pushes in little time: first only
queries, then webhooks with commits being made beneath, then the refreshes that are still to be done, then only queries
again. Memory is resident memory. Afterwards every index is compared with a fresh one.
"""

READING = """
## Reading files

What a first index does with each file before it stores it: chunks, words, terms and vectors, in one process, in CPU
seconds, by language. The first figure is that of an earlier commit, in turns in the same run.
"""

EXACT_SEARCH = """
## Exact search

[`grep_search`](tools.md#grep_search) beside ripgrep, which reads the files themselves, over the same folder in turns.
Times of `grep_search` are those of a call in one process; those of ripgrep include the start of its process and the
walk through the folder, and it may use both cores at once, `grep_search` one. Where the load is high, compare CPU time.
The lines are compared for those files that are indexed.
"""
