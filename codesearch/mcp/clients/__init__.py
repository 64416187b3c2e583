"""What tells MCP clients of this server: their configuration files, and the rules that make agents use the tools."""
