"""A data source as documents of a native knowledge base: what they hold, what differs, and how that is mended."""
