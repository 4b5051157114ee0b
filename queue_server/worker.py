"""One of several serving processes: `python -m queue_server.worker FD [FD …]`, started by `supervising`.

The sockets are inherited, the settings come as a line of JSON on standard input; "ready" goes to standard output when
the first request can be answered. When standard input closes, whoever started us is gone, and we end too.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence

from queue_server.serving import server_of, spare_the_collector
from queue_server.settings import Settings


def main(descriptors: Sequence[str]) -> int:
    settings = Settings.model_validate_json(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    sockets = [socket.socket(fileno=int(descriptor)) for descriptor in descriptors]
    spare_the_collector()
    server = server_of(settings)
    server.on_ready = lambda: print("ready", flush=True)
    server.run(sockets)
    return 0 if server.started else 1


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
