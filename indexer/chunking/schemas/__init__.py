"""API descriptions and data schemas written in YAML or JSON: OpenAPI, AsyncAPI, JSON Schema, Avro."""
