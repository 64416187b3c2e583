"""The tools over MCP, on the service and over stdio; with that, the only import of the SDK."""
