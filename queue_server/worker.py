"""One of several serving processes: `python -m queue_server.worker FD [PORT]`, started by `supervising`.

The common socket is inherited, the own port is listened on here, so that it refuses when we die and a proxy looks
elsewhere. Settings come as a line of JSON on standard input; "ready" goes to standard output when the first request can
be answered, "empty" where there is no branch yet. When standard input closes, whoever started us is gone, and we end
too.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence

from queue_server.serving import bind, server_of, spare_the_collector
from queue_server.settings import Settings


def main(given: Sequence[str]) -> int:
    settings = Settings.model_validate_json(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    descriptor, *own = map(int, given)
    sockets = [socket.socket(fileno=descriptor), *(bind(settings.host, port, is_shared=True) for port in own)]
    spare_the_collector()
    server = server_of(settings)
    server.on_ready = lambda has_branch: print("ready" if has_branch else "empty", flush=True)
    server.run(sockets)
    return 0 if server.started else 1


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
