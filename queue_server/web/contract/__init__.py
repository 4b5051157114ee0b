"""The published contract: OpenAPI 3.1 and AsyncAPI 3, generated from the types that validate."""
