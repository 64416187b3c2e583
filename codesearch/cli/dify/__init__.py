"""`codesearch dify`: connects a Dify, asks its apps, and mirrors data sources into its own knowledge bases."""
