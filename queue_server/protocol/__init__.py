"""The wire: typed messages, their JSON, and the sentences of refusals. The only part of the server clients import."""

SUBPROTOCOL = "layso.v1"
