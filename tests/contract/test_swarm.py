"""The many displays of `load/`: with the product, over its death, and with servers that misbehave on purpose, which
shows that what is counted as a fault would be seen."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve
from websockets.typing import Subprotocol

from load import bare_socket, compiling
from load.compiling import NoCompiler, compiled
from load.swarm import Display, Swarm
from load.swarm_figures import Counts, Times
from load.swarm_latency import EVENT, SNAPSHOT, Arrivals, Call, latencies
from queue_server.protocol import SUBPROTOCOL
from queue_server.serving import server_of
from queue_server.settings import Settings
from tests.server import DemoServer, Ticket

BOARD = "board:b"
WITHIN_S = 20.0


# -- with the product --------------------------------------------------------------------------------------------------


def test_every_display_has_every_call_also_after_the_server_died(prepared: Path, tmp_path: Path) -> None:
    with DemoServer(tmp_path, data=prepared) as server:
        server.api().counter(2, "open")
        board = f"board:{server.branch}"
        displays = [Display(0, (board,), f"/ws/v1?branch={server.branch}", server.tokens["display"])] * 40
        with Swarm(displays, [server.port], tmp_path / "swarm", is_recording=True) as swarm:
            swarm.wait_subscribed(WITHIN_S)
            first, one = _issue_and_call(server, board)
            _wait_for_frames(swarm, 40 * 2)  # a snapshot, the call

            killed_ns = time.monotonic_ns()
            server.restart()
            server.api().ticket(first.id, "no-show")
            loss = swarm.wait_resubscribed(killed_ns, WITHIN_S)
            _, other = _issue_and_call(server, board)
            _wait_for_frames(swarm, 40 * 4)  # the call taken down, by event or snapshot; the other call
            summary = swarm.stop()

    counts = summary.counts
    assert loss.lost == len(loss.subscribed) == counts.reconnects == 40
    assert (counts.subscribed, counts.steps_back, counts.gaps, counts.behind, counts.malformed) == (40, 0, 0, 0, 0)
    assert len(summary.first) == len(summary.again) == 40
    found = latencies([one, other], swarm.arrivals())
    assert (found.shown, found.by_snapshot, found.missed) == (80, 0, 0)
    assert 0 < found.p50_ms <= found.p99_ms <= found.max_ms < 5000


def _issue_and_call(server: DemoServer, board: str) -> tuple[Ticket, Call]:
    api = server.api()
    api.issue("chung-thuc")
    sent_ns = time.monotonic_ns()
    ticket = api.call_next(2)
    assert ticket is not None
    return ticket, Call(board, ticket.position, sent_ns)


def _wait_for_frames(swarm: Swarm, count: int) -> None:
    swarm.wait_for(lambda now: now.events + now.snapshots == count, within_s=WITHIN_S, what=f"{count} frames")


# -- with a server that plays a script ---------------------------------------------------------------------------------


class Line:
    """The server's end of one connection; `number` counts the connections to that server from 0."""

    def __init__(self, fake: Fake, socket: ServerConnection, number: int) -> None:
        self._fake = fake
        self._socket = socket
        self.number = number

    def say(self, kind: str, **rest: Any) -> None:
        self._socket.send(json.dumps({"type": kind, **rest}))

    def welcome(self) -> None:
        self.say("welcome", build="x", at="2026-01-05T08:00:00Z", reconnect_window_s=0.0, beat_s=4.0, actor="a")

    def snapshot(self, seq: str) -> None:
        self.say("snapshot", channel=BOARD, seq=seq, data={})

    def event(self, seq: str, prev: str) -> None:
        self.say("event", channel=BOARD, seq=seq, prev=prev, changes=[])

    def hear(self) -> Any:
        heard = json.loads(self._socket.recv(WITHIN_S))
        self._fake.heard[self.number].append(heard)
        return heard

    def close(self, code: int) -> None:
        self._socket.close(code)

    def stay(self) -> None:
        """Until the other side or the server ends it."""
        for text in self._socket:
            self._fake.heard[self.number].append(json.loads(text))


Script = Callable[[Line], None]


class Fake:
    """A server that plays the script with every connection; `heard` are the frames that came by each."""

    def __init__(self, script: Script, *, port: int = 0, refuses: HTTPStatus | None = None) -> None:
        self.heard: list[list[Any]] = []
        self._script = script
        self._refuses = refuses
        self._open: list[ServerConnection] = []
        self._server: Server = serve(
            self._play, "127.0.0.1", port, subprotocols=[Subprotocol(SUBPROTOCOL)], process_request=self._look
        )
        self.port: int = self._server.socket.getsockname()[1]
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def _look(self, socket: ServerConnection, _: Request) -> Response | None:
        return None if self._refuses is None else socket.respond(self._refuses, "no")

    def _play(self, socket: ServerConnection) -> None:
        line = Line(self, socket, len(self.heard))
        self.heard.append([])
        self._open.append(socket)
        try:
            self._script(line)
            line.stay()
        except ConnectionClosed:
            pass

    def stop(self) -> None:
        self._server.shutdown()
        for socket in self._open:
            socket.close(4000)
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Callable[..., tuple[Fake, Swarm]]]:
    """One display at a server that plays a script."""
    running: list[Fake | Swarm] = []

    def start(script: Script, **options: Any) -> tuple[Fake, Swarm]:
        fake = Fake(script, refuses=options.pop("refuses", None))
        swarm = Swarm([Display(0, (BOARD,))], [fake.port], tmp_path, **{"silent_s": 60.0, **options})
        running.extend((swarm, fake))
        return fake, swarm

    yield start
    for one in running:
        one.stop() if isinstance(one, Fake) else one.__exit__(None, None, None)


Play = Callable[..., tuple[Fake, Swarm]]


def begin(line: Line, seq: str = "e.10") -> None:
    line.welcome()
    line.hear()
    line.snapshot(seq)


def when(swarm: Swarm, holds: Callable[[Counts], bool]) -> Counts:
    return swarm.wait_for(holds, within_s=WITHIN_S, what="it")


def test_a_gap_is_counted_and_all_is_asked_for_anew(play: Play) -> None:
    def script(line: Line) -> None:
        begin(line)
        line.event("e.11", "e.10")
        line.event("e.14", "e.13")
        line.hear()
        line.snapshot("e.14")

    fake, swarm = play(script)
    counts = when(swarm, lambda now: now.snapshots == 2)
    assert (counts.gaps, counts.events, counts.steps_back, counts.subscribed) == (1, 1, 0, 1)
    assert fake.heard == [[{"type": "subscribe", "channel": BOARD}] * 2]


@pytest.mark.parametrize(
    "steps_back",
    [lambda line: line.event("e.11", "e.10"), lambda line: line.snapshot("e.9")],
    ids=["event", "snapshot"],
)
def test_a_step_back_is_counted(play: Play, steps_back: Script) -> None:
    def script(line: Line) -> None:
        begin(line)
        line.event("e.12", "e.10")
        steps_back(line)

    _, swarm = play(script)
    assert when(swarm, lambda now: now.frames == 4).steps_back == 1


def test_a_snapshot_older_than_what_was_there_before_the_line_was_lost_is_a_step_back(play: Play) -> None:
    def script(line: Line) -> None:
        begin(line, "e.10" if line.number == 0 else "e.9")
        if line.number == 0:
            line.close(4000)

    fake, swarm = play(script)
    assert when(swarm, lambda now: now.snapshots == 2).steps_back == 1
    assert fake.heard[1] == [{"type": "subscribe", "channel": BOARD, "since": "e.10"}]


def test_another_epoch_is_no_step_back(play: Play) -> None:
    def script(line: Line) -> None:
        begin(line)
        line.event("f.2", "f.1")
        line.hear()
        line.snapshot("f.2")

    fake, swarm = play(script)
    counts = when(swarm, lambda now: now.snapshots == 2)
    assert (counts.epochs, counts.steps_back, counts.gaps) == (1, 0, 0)
    assert "since" not in fake.heard[0][1]


def test_a_beat_that_is_ahead_shows_that_a_frame_is_missing(play: Play) -> None:
    def script(line: Line) -> None:
        begin(line)
        line.say("beat", at="2026-01-05T08:00:00Z", positions={"board:bb": "e.99", BOARD: "e.10"})
        line.say("beat", at="2026-01-05T08:00:00Z", positions={"board:bb": "e.99", BOARD: "e.11"})
        line.hear()
        line.snapshot("e.11")

    _, swarm = play(script)
    assert when(swarm, lambda now: now.snapshots == 2).behind == 1


def test_who_resumes_and_has_missed_nothing_is_subscribed_with_the_first_beat(play: Play) -> None:
    def script(line: Line) -> None:
        if line.number == 0:
            begin(line)
            line.close(4000)
            return
        line.welcome()
        line.hear()
        line.say("beat", at="2026-01-05T08:00:00Z", positions={BOARD: "e.10"})

    _, swarm = play(script)
    loss = swarm.wait_resubscribed(0, WITHIN_S)
    counts = when(swarm, lambda now: now.subscribed == 1)
    assert (loss.lost, len(loss.welcomed), len(loss.subscribed)) == (1, 1, 1)
    assert (counts.reconnects, counts.snapshots, counts.closed) == (1, 1, {"4000": 1})


def say_problem(line: Line, status: int) -> None:
    line.say("error", channel=BOARD, problem={"code": "x", "status": status, "title": "", "detail": ""})


def test_a_channel_that_the_server_could_not_tell_is_asked_for_again(play: Play) -> None:
    def script(line: Line) -> None:
        line.welcome()
        line.hear()
        say_problem(line, 503)
        line.hear()
        line.snapshot("e.10")

    _, swarm = play(script)
    assert when(swarm, lambda now: now.subscribed == 1).problems == 1


def test_a_channel_that_was_refused_is_not_asked_for_again_on_that_line(play: Play) -> None:
    def script(line: Line) -> None:
        line.welcome()
        line.hear()
        if line.number == 0:
            say_problem(line, 404)
        else:
            line.snapshot("e.10")

    fake, swarm = play(script, silent_s=1.8)  # longer than it would wait before it asks again
    when(swarm, lambda now: now.subscribed == 1)
    assert len(fake.heard[0]) == 1


def test_a_code_that_means_stop_is_obeyed(play: Play) -> None:
    def script(line: Line) -> None:
        begin(line)
        line.close(4401)

    fake, swarm = play(script)
    when(swarm, lambda now: now.stopped == 1)
    counts = swarm.stop().counts
    assert (counts.closed, counts.away, counts.connects, len(fake.heard)) == ({"4401": 1}, 0, 1, 1)


def test_silence_is_noticed_and_ends_the_line(play: Play) -> None:
    _, swarm = play(begin, silent_s=0.6)
    counts = when(swarm, lambda now: now.reconnects >= 1)
    assert counts.longest_silence_ms >= 600
    assert counts.closed == {"1006": counts.silent}


def test_a_refusal_is_counted_by_its_status_and_tried_again(play: Play) -> None:
    _, swarm = play(lambda line: line.stay(), refuses=HTTPStatus.SERVICE_UNAVAILABLE)
    counts = when(swarm, lambda now: now.connects >= 2)
    assert counts.refused["503"] >= 1
    assert counts.connected == 0


def test_who_finds_its_server_dead_goes_to_another_and_prefers_its_own_again_later(tmp_path: Path) -> None:
    own, other = Fake(begin), Fake(begin)
    with other, Swarm([Display(0, (BOARD,))], [own.port, other.port], tmp_path, silent_s=60.0) as swarm:
        swarm.wait_subscribed(WITHIN_S)
        assert (len(own.heard), len(other.heard)) == (1, 0)

        own.stop()
        when(swarm, lambda now: now.reconnects == 1 and now.subscribed == 1)
        assert (len(own.heard), len(other.heard)) == (1, 1)

        with Fake(begin, port=own.port) as risen:
            other.stop()
            counts = when(swarm, lambda now: now.reconnects == 2 and now.subscribed == 1)
            assert (len(risen.heard), len(other.heard)) == (1, 1)
            assert counts.refused["connect"] >= 1


# -- the pieces --------------------------------------------------------------------------------------------------------


def arrivals(*frames: tuple[int, int, int]) -> Arrivals:
    """Of (seq, ms, kind)."""
    found = Arrivals()
    for seq, ms, kind in frames:
        found.seqs.append(seq)
        found.at_ns.append(ms * 1_000_000)
        found.kinds.append(kind)
    return found


def test_a_call_is_shown_by_the_first_frame_that_is_as_new() -> None:
    quick = arrivals((10, 0, SNAPSHOT), (12, 107, EVENT), (13, 150, EVENT))
    late = arrivals((10, 0, SNAPSHOT), (12, 131, EVENT))
    away = arrivals((10, 0, SNAPSHOT), (13, 900, SNAPSHOT))
    dark = arrivals((10, 0, SNAPSHOT))
    found = latencies([Call(BOARD, "e.11", 100_000_000)], {BOARD: [quick, late, away, dark]})
    assert (found.shown, found.by_snapshot, found.missed) == (2, 1, 1)
    assert (found.p50_ms, found.max_ms) == (31.0, 31.0)


def test_times_of_several_processes_are_taken_together() -> None:
    times = Times()
    times.add({0: 1, 65: 98})
    times.add({65: 1}, shift_s=1.0)
    assert times.until(0.5) == pytest.approx(65.5e-6)
    assert times.until(0.99) == pytest.approx(65.5e-6)
    assert times.until(1.0) == pytest.approx(1.0, rel=1e-3)
    assert times.until(1.0, of=101) is None


def test_the_floor_runs_with_the_flags_of_the_product(tmp_path: Path) -> None:
    floor, product = bare_socket.server_config(), server_of(Settings(data=tmp_path)).config
    for flag in (
        "loop", "ws_max_size", "ws_per_message_deflate", "ws_ping_interval", "ws_ping_timeout", "backlog",
        "access_log", "log_level", "server_header",
    ):  # fmt: skip
        assert getattr(floor, flag) == getattr(product, flag), flag


def test_without_a_compiler_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "swarm.c").write_text("int main(void) { return 0; }")
    monkeypatch.setattr(compiling, "CLIENT", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoCompiler, match="gcc"):
        compiled("swarm")
