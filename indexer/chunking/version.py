"""The chunker's version, in a module that costs nothing: what only opens an index reads no grammars."""

# Goes up whenever the same file would give other chunks: an index built by another version is built anew.
CHUNKER_VERSION: int = 4
