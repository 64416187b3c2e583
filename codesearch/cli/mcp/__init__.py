"""`codesearch mcp`: the tools for agents on this machine; the processes behind it, and the configuration of clients."""
