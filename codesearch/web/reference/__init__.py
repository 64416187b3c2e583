"""The page of the API: the OpenAPI document as a person reads it."""
