"""`printer-agent run | pair | status`, as a technician uses it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.demo_server import BRANCH
from tests.printing import AgentProcess, signed_in, wait_until_nothing_is_owed
from tests.server import ROOT
from tests.simulators.printer import Fault, PrinterSimulator


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "printer_agent", *arguments]


def test_a_new_printer_is_let_in_by_six_digits(centre, tmp_path):
    state = tmp_path / "state"
    asked = command("pair", "--server", centre.url, "--state", str(state))
    with subprocess.Popen(asked, cwd=ROOT, stdout=subprocess.PIPE, text=True) as pairing:
        assert pairing.stdout is not None
        code = pairing.stdout.readline().partition(":")[2].replace(" ", "").strip()
        assert len(code) == 6
        body = {"code": code, "name": "Máy in tầng 2", "branch": BRANCH}
        signed_in(centre, "quang", "POST", "/pairings/confirm", body)
        assert pairing.wait(timeout=20) == 0
    token = state / "token"
    assert token.stat().st_mode & 0o777 == 0o600
    me = centre.api()
    me._token = token.read_text().strip()
    assert me.get("/me")["name"] == "Máy in tầng 2"


def status(state: Path, *more: str) -> tuple[int, str]:
    done = subprocess.run(
        command("status", "--state", str(state), *more), cwd=ROOT, capture_output=True, text=True, timeout=20
    )
    return done.returncode, done.stdout


def test_the_status_says_what_the_agent_does_and_what_the_printer_has(centre, printer, agent):
    address = "network:{}:{}".format(*printer.address)
    printer.set(Fault.COVER_OPEN)
    assert status(agent.state, "--printer", address) == (1, "agent    not running\nprinter  cover_open\n")
    printer.clear(Fault.COVER_OPEN)
    with agent:
        centre.api("dispenser").issue("chung-thuc")
        wait_until_nothing_is_owed(centre)
        code, said = status(agent.state)
        assert code == 0
        assert said.splitlines()[1:] == ["printer  ok", "papers   0 owed, last printed: A001"]


def test_the_status_of_two_printers_names_each(centre, printer, tmp_path):
    with PrinterSimulator() as second:
        names = [f"network:{host}:{port}" for host, port in (printer.address, second.address)]
        given = ("--printer", names[0], "--fallback", names[1])
        with AgentProcess(tmp_path, centre.url, centre.tokens["printer"], printer.address, *given[2:]) as agent:
            printer.set(Fault.PAPER_OUT)
            centre.api("dispenser").issue("chung-thuc")
            wait_until_nothing_is_owed(centre)
            code, said = status(agent.state)
            assert (code, said.splitlines()[1:3]) == (
                1,
                [f"printer  {names[0]}: paper_out", f"printer  {names[1]}: ok"],
            )
        second.set(Fault.NEAR_END)
        code, said = status(agent.state, *given)
        assert said.splitlines() == [
            "agent    not running",
            f"printer  {names[0]}: paper_out",
            f"printer  {names[1]}: near_end",
        ]


def test_an_agent_with_a_token_that_ended_says_so_and_stays_away(centre, printer, tmp_path):
    with AgentProcess(tmp_path, centre.url, "no-token-of-ours", printer.address) as agent:
        assert agent.wait() == 3
        assert "Pair it again" in agent.log.read_text()


def test_an_agent_with_somebody_elses_token_says_so(centre, printer, tmp_path):
    token = tmp_path / "token"
    token.write_text(centre.tokens["display"])
    given = ("--server", centre.url, "--token-file", str(token), "--state", str(tmp_path / "state"))
    asked = command("run", *given, "--printer", "network:{}:{}".format(*printer.address))
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, timeout=20)
    assert done.returncode == 3
    assert "not to a printer of a branch" in done.stderr


def test_a_second_agent_with_the_same_memory_does_not_start(centre, printer, agent):
    with agent:
        centre.api("dispenser").issue("chung-thuc")
        wait_until_nothing_is_owed(centre)
        second = AgentProcess.of(centre, printer, agent.log.parent)
        with second:
            assert second.wait() == 2
    assert "another printer agent is using it" in agent.log.read_text()


def test_a_second_agent_of_one_printer_takes_over_and_the_first_stays_away(centre, printer, agent, tmp_path):
    with agent:
        agent.wait_until_live()
        with AgentProcess(tmp_path / "second", centre.url, centre.tokens["printer"], printer.address):
            assert agent.wait() == 3
            assert "Another agent prints for this device now" in agent.log.read_text()
            centre.api("dispenser").issue("chung-thuc")
            wait_until_nothing_is_owed(centre)
    assert len(printer.papers) == 1


def test_a_revoked_printer_stops(centre, printer, agent):
    with agent:
        centre.api("dispenser").issue("chung-thuc")
        wait_until_nothing_is_owed(centre)
        signed_in(centre, "quang", "DELETE", f"/devices/{centre.devices['printer']}", {})
        assert agent.wait() == 3
