"""The keys of tocsin.yaml: their kinds, limits and meaning, as pydantic models and as a JSON Schema."""
