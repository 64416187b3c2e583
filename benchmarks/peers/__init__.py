"""One runner per compared system: it builds or opens an index, asks queries, writes the results."""
