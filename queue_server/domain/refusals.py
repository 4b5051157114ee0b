"""How the domain says no: a stable code and its data. The sentence for a person is made at the edge."""

from __future__ import annotations


class Refusal(Exception):
    """A command that may not be carried out. It changed nothing.

    `code` is one of the codes in `queue_server.protocol.problems`; `data` fills that code's sentence.
    """

    def __init__(self, code: str, **data: object) -> None:
        super().__init__(code, data)
        self.code = code
        self.data = data
