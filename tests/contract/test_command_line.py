"""What an administrator does from the command line, and the sentences that answer."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from load.proof import Product
from queue_server.cli import main
from queue_server.settings import read_settings
from tests.command_line import backup_of, queue_server
from tests.demo_server import BRANCH, NOTES
from tests.server import ROOT, Api, DemoServer, Refused
from tests.staff import StaffApi, eventually, sign_in

GO_VAP = ROOT / "config" / "organisations" / "go-vap.yaml"
DEPLOY = ROOT / "config" / "deploy"
PROVINCE = DEPLOY / "province"


# -- import and check-config -------------------------------------------------------------------------------------------


def test_an_import_that_nobody_answers_puts_nothing_in_force(tmp_path: Path):
    asked = queue_server("import", GO_VAP, "--data", tmp_path)
    assert asked.returncode == 1
    assert asked.stderr.split("\n") == ["", "Nobody answered; --yes does not ask.", "Nothing was put in force.", ""]
    again = queue_server("import", GO_VAP, "--data", tmp_path, given="n\n")
    assert "2 to change" in again.stdout
    assert (again.returncode, again.stderr) == (1, "Nothing was put in force.\n")


def test_an_import_is_asked_about_only_when_something_differs(tmp_path: Path):
    assert queue_server("import", GO_VAP, "--data", tmp_path, given="y\n").returncode == 0
    same = queue_server("import", GO_VAP, "--data", tmp_path)
    assert (same.returncode, same.stdout, same.stderr) == (0, "go-vap: nothing differs\n", "")


def test_what_may_not_change_while_a_day_is_open_is_told(centre: DemoServer):
    eventually(lambda: centre.api().board().get("day"))
    centre.stop()
    refused = queue_server("import", GO_VAP, "--yes", "--data", centre.data)
    assert refused.returncode == 1
    assert refused.stderr.startswith("Not everything is in force: Time zone and day boundary can only change when")


def test_a_file_that_was_copied_elsewhere_is_read(tmp_path: Path):
    copied = tmp_path / "my-centre.yaml"
    copied.write_bytes(GO_VAP.read_bytes())
    assert queue_server("check-config", copied).stdout == "go-vap: no fault in 1 branch\n"


# -- accounts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["administrator", "clerk"])
def test_a_new_account_is_told_in_a_sentence(tmp_path: Path, role: str):
    given = ("account", "add", "thu", "--role", role, "--data", tmp_path)
    forgotten = queue_server(*given, given="mat-khau-1\n")
    assert (forgotten.returncode, "one of the arguments --branch --every-branch" in forgotten.stderr) == (2, True)
    added = queue_server(*given, "--every-branch", given="mat-khau-1\n")
    assert added.stdout == f"thu may sign in: {role} at every branch.\n"


def test_a_password_that_is_too_short_is_told_the_least_length(tmp_path: Path):
    short = queue_server(
        "account", "add", "thu", "--role", "clerk", "--every-branch", "--data", tmp_path, given="1234567\n"
    )
    assert short.returncode == 2
    assert short.stderr == "A password has at least 8 characters. Choose a longer one.\n"


def test_an_account_that_was_added_signs_in(centre: DemoServer):
    centre.stop()
    added = queue_server(
        "account", "add", "thu", "--role", "supervisor", "--branch", BRANCH, "--data", centre.data, given="mat-khau-1\n"
    )
    assert (added.returncode, added.stderr) == (0, "")
    assert "thu" in queue_server("account", "list", "--data", centre.data).stdout
    again = queue_server(
        "account", "add", "thu", "--role", "clerk", "--every-branch", "--data", centre.data, given="mat-khau-2\n"
    )
    assert again.returncode == 1
    elsewhere = queue_server(
        "account", "add", "x1", "--role", "clerk", "--branch", "nowhere", "--data", centre.data, given="mat-khau-2\n"
    )
    assert (elsewhere.returncode, BRANCH in elsewhere.stderr) == (1, True)
    centre.start()
    assert sign_in(centre.url, "thu", "mat-khau-1")


def test_a_program_is_let_in_by_a_token_that_is_told_once(centre: DemoServer):
    centre.stop()
    elsewhere = queue_server("program", "add", "Một cửa", "--branch", "nowhere", "--data", centre.data)
    assert (elsewhere.returncode, elsewhere.stdout, BRANCH in elsewhere.stderr) == (1, "", True)
    added = queue_server("program", "add", "Một cửa", "--branch", BRANCH, "--data", centre.data)
    assert added.stderr == f"Một cửa may use the API at {BRANCH}. Its token is told only now:\n"
    centre.start()
    me = Api(centre.url, added.stdout.strip()).get("/me")
    assert (me["role"], me["name"], me["branch"]) == ("integration", "Một cửa", BRANCH)


def test_accounts_and_the_directory_are_not_touched_while_the_server_runs(centre: DemoServer):
    for command in (("account", "list"), ("import", GO_VAP, "--yes")):
        done = queue_server(*command, "--data", centre.data)
        assert done.returncode == 2
        assert "another process has" in done.stderr
        assert "stop it first (systemctl stop queue-server)" in done.stderr


def test_the_doctor_finds_what_is_wrong(centre: DemoServer, tmp_path: Path):
    assert queue_server("doctor", "--data", tmp_path / "empty").returncode == 1
    running = queue_server("doctor", "--data", centre.data)
    assert "A server has the database open" in running.stdout
    StaffApi(centre.url, "quang").branch_command("end-day", leftovers="expire")
    backup = backup_of(centre)
    centre.stop()
    healthy = queue_server("doctor", "--data", centre.data)
    assert backup.name in healthy.stdout
    assert "WRONG  There is no backup" not in healthy.stdout
    backup.unlink()
    ill = queue_server("doctor", "--data", centre.data)
    assert ill.returncode == 1
    assert "WRONG  There is no backup" in ill.stdout


def test_the_doctor_tells_of_a_database_that_the_server_cannot_use(tmp_path: Path):
    queue_server("import", GO_VAP, "--yes", "--data", tmp_path)
    with closing(sqlite3.connect(tmp_path / "layso.db")) as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
        db.commit()
    newer = queue_server("doctor", "--data", tmp_path)
    assert newer.returncode == 1
    assert "WRONG  The database cannot be used: the database is at revision 9999" in newer.stdout
    listed = queue_server("account", "list", "--data", tmp_path)
    assert (listed.returncode, "start the release that wrote it" in listed.stderr) == (2, True)
    (tmp_path / "layso.db").write_text("no database at all")
    junk = queue_server("doctor", "--data", tmp_path)
    assert junk.returncode == 1
    assert "WRONG  The database cannot be read: file is not a database. Move it away" in junk.stdout


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        ("DELETE FROM event WHERE seq = 1", "WRONG  Events are missing in go-vap, or the head is not where they end"),
        ("UPDATE event SET v = 99", "WRONG  A newer release has written here: "),
    ],
)
def test_the_doctor_tells_of_events_that_are_missing_or_of_a_newer_release(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], harm: str, says: str
):
    assert main(["import", str(GO_VAP), "--yes", "--data", str(tmp_path)]) == 0
    with closing(sqlite3.connect(tmp_path / "layso.db")) as db, db:
        db.execute(harm)
    assert main(["doctor", "--data", str(tmp_path)]) == 1
    assert says in capsys.readouterr().out


def test_numbers_are_not_given_out_into_a_database_that_was_removed(centre: DemoServer):
    helper = StaffApi(centre.url, "quang")
    helper.issue("dat-dai")
    database = centre.data / "layso.db"
    database.rename(centre.data / "elsewhere.db")
    with pytest.raises(Refused) as refused:
        helper.issue("dat-dai", key="first-try")
    assert refused.value.problem.status == 503
    assert not centre.is_ready()
    beside = queue_server("doctor", "--data", centre.data)
    assert f"WRONG  {database} was moved or removed while a server has it open" in beside.stdout
    assert "Import" not in beside.stdout
    (centre.data / "elsewhere.db").rename(database)
    assert centre.is_ready()
    assert [helper.issue("dat-dai", key=key).number[1:] for key in ("first-try", "next-press")] == ["002", "003"]


def test_a_damaged_database_is_told_and_not_served(tmp_path: Path):
    queue_server("import", GO_VAP, "--yes", "--data", tmp_path)
    with closing(sqlite3.connect(tmp_path / "layso.db")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # else what is damaged may be whole again from there
    content = bytearray((tmp_path / "layso.db").read_bytes())
    content[4096:8192] = b"?" * 4096
    (tmp_path / "layso.db").write_bytes(content)
    ill = queue_server("doctor", "--data", tmp_path)
    assert ill.returncode == 1
    assert "WRONG  The database cannot be read: " in ill.stdout
    assert "Move it away and restore a backup" in ill.stdout
    served = queue_server("serve", "--port", "0", "--data", tmp_path)
    assert served.returncode == 1
    assert re.fullmatch(
        r"Cannot serve\. The database cannot be used: .+ `queue-server doctor` says .+\n", served.stderr
    )


def test_the_doctor_tells_of_a_database_that_is_somebody_elses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """The rights of root are not bounded, so the system is said to have refused."""
    assert main(["import", str(GO_VAP), "--yes", "--data", str(tmp_path)]) == 0
    monkeypatch.setattr("os.access", lambda file, mode: file != tmp_path / "layso.db")
    assert main(["doctor", "--data", str(tmp_path)]) == 1
    told = re.search(r"WRONG  (\S+) belongs to (\w+), and (\w+), .+ may not write it", capsys.readouterr().out)
    assert told is not None
    assert told[1] == str(tmp_path / "layso.db")


def test_only_its_user_may_read_what_is_written(tmp_path: Path):
    queue_server("import", GO_VAP, "--yes", "--data", tmp_path / "data")
    queue_server("backup", tmp_path / "copies" / "copy.db", "--data", tmp_path / "data")
    written = [tmp_path / "data", tmp_path / "data" / "layso.db", tmp_path / "copies", tmp_path / "copies" / "copy.db"]
    assert [oct(file.stat().st_mode & 0o777) for file in written] == ["0o700", "0o600", "0o700", "0o600"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"LAYSO_DATA": "/dev/null"}, "/dev/null cannot be used: File exists. Name another folder"),
        (
            {"LAYSO_DATABASE": "postgresql://a:b@127.0.0.1:1/layso"},
            "The database cannot be used: .*Connection refused",
        ),
        ({"LAYSO_PUBLIC_URL": "hangdoi.example.vn"}, "LAYSO_PUBLIC_URL: must be a whole address, such as https://"),
    ],
)
def test_a_server_that_cannot_begin_says_why_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], given: dict[str, str], says: str
):
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert main(["serve", "--port", "0"]) in (1, 2)
    said = capsys.readouterr()
    assert re.search(says, said.err), said.err
    assert (said.out, "Traceback" in said.err, said.err.count("\n")) == ("", False, 1)


def test_a_package_that_postgresql_needs_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("LAYSO_DATABASE", "postgresql://127.0.0.1/layso")
    for name in [name for name in sys.modules if name.startswith("queue_server.doctor")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    assert main(["doctor"]) == 2
    assert "pip install 'asyncpg>=0.32,<0.33'" in capsys.readouterr().err


def test_a_backup_that_is_not_there_leaves_nothing_behind(tmp_path: Path):
    done = queue_server("restore", tmp_path / "none.db", "--data", tmp_path / "new")
    assert (done.returncode, done.stderr) == (1, f"Nothing was restored: there is no file {tmp_path / 'none.db'}.\n")
    assert not (tmp_path / "new").exists()


# -- the service of a PC -----------------------------------------------------------------------------------------------


def test_the_service_and_the_commands_beside_it_have_the_same_settings():
    unit, command = ((DEPLOY / name).read_text("utf-8") for name in ("queue-server.service", "layso"))
    assert "EnvironmentFile=/etc/layso/server.env\n" in unit
    assert ". /etc/layso/server.env\n" in command
    assert "Environment=" not in unit


def shipped(file: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The settings in force, and those beside them that are only named."""
    lines = re.findall(r'^(# )?(LAYSO_\w+)="?(.*?)"?$', file.read_text("utf-8"), re.MULTILINE)
    return {n: v for comment, n, v in lines if not comment}, {n: v for comment, n, v in lines if comment}


def test_every_line_of_the_settings_shipped_is_one_of_ours():
    given, named = shipped(DEPLOY / "server.env")
    read_settings(given | named)
    settings = read_settings(given)
    unit = (DEPLOY / "queue-server.service").read_text("utf-8")
    assert f"ReadWritePaths={settings.data} {settings.backups}\n" in unit


def test_a_province_s_settings_are_ours_and_a_shell_reads_them_like_systemd():
    file = PROVINCE / "province.env"
    given, named = shipped(file)
    read_settings(given | named)
    unit, copies = ((PROVINCE / name).read_text("utf-8") for name in ("queue-server.service", "layso-backup.service"))
    assert f"ReadWritePaths={given['LAYSO_DATA']}\n" in unit
    assert f"ReadWritePaths={given['LAYSO_DATA']} {named['LAYSO_BACKUPS']}\n" in copies
    script = f"set -eu; . {file}; for name in {' '.join(given)}; do eval echo \\$$name; done"
    told = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines() == list(given.values())


@pytest.mark.parametrize("name", ["nginx.conf", "Caddyfile"])
def test_a_proxy_knows_every_worker_of_the_hosts_that_are_shipped(name: str):
    given, _ = shipped(PROVINCE / "province.env")
    ports = [int(given["LAYSO_WORKER_PORT"]) + no for no in range(int(given["LAYSO_WORKERS"]))]
    text = (PROVINCE / name).read_text("utf-8")
    assert all(f"layso-app-{host}:{port}" in text for host in (1, 2) for port in ports)


# -- the demo's living hall --------------------------------------------------------------------------------------------


def test_a_living_hall_plays(tmp_path: Path):
    with Product(tmp_path, "--live") as hall:
        api = Api(f"http://127.0.0.1:{hall.port}", hall.tokens["integration"])
        assert eventually(lambda: api.board().get("calls"))


def test_a_hall_whose_day_has_ended_says_why_it_plays_nothing(centre: DemoServer):
    StaffApi(centre.url, "quang").branch_command("end-day", leftovers="expire")
    centre.stop()
    (centre.data / NOTES).write_text(f'{{"branch": "{BRANCH}"}}')
    done = queue_server("demo", "--live", "--data", centre.data)
    assert done.returncode == 2
    assert re.search(r"No day is open in .*, and the next one begins at \d\d:00 on \d{4}-\d\d-\d\d", done.stderr)
    assert "name an empty folder with --data" in done.stderr
