"""What a server says to agents: when its tools are better than what they have. Rules of clients' files say the same."""

from __future__ import annotations

INSTRUCTIONS = """\
codesearch has code indexed by symbols: functions, classes and methods with their places, ranked by meaning and words.
- semantic_search: first, when you know what the code does but not where it is. It costs far fewer tokens than grepping
  and reading files.
- grep_search: exact text, such as a name, an error message, a key. It finds every occurrence in the indexed text.
- outline before a long file, read_file for lines, fetch_artifacts for whole symbols by the identifiers of a search.
- get_artifact_relationships: what refers to a symbol, before you change it.
- get_data_sources: when you don't know which repositories there are. The other tools take their names.
Every answer says of which commit it is and when that was indexed. Where it warns that files have changed since, read
those files themselves.
"""
