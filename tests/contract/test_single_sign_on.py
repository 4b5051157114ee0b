"""Signing in by way of an OpenID provider, a real process that signs its tokens, and by one that is not right."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from queue_server.access.single_sign_on import LASTS_S, SingleSignOn
from queue_server.domain.refusals import Refusal
from tests.forks import Forked
from tests.server import DemoServer
from tests.simulators.openid_provider import CLIENT, SECRET


class Browser:
    """What a browser does: goes where it is sent, and brings the cookies of the site along."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.cookies: dict[str, str] = {}

    def get(self, url: str) -> tuple[int, str, str]:
        """Status, where it is sent, and the body."""
        place = urlsplit(url)
        is_ours = f"{place.scheme}://{place.netloc}" == self.site
        headers = {"accept": "text/html"}
        if is_ours and self.cookies:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection = HTTPConnection(place.netloc, timeout=20)
        connection.request("GET", f"{place.path}?{place.query}", headers=headers)
        answer = connection.getresponse()
        body = answer.read().decode()
        for cookie in answer.headers.get_all("set-cookie") or [] if is_ours else []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
        connection.close()
        return answer.status, answer.headers.get("location", ""), body

    def to_the_provider_and_back(self, after: str = "") -> str:
        """The address at which it comes back."""
        status, to, _ = self.get(f"{self.site}/sign-in/sso?{urlencode({'next': after})}")
        assert status == 303, status
        status, back, _ = self.get(to)
        assert status == 302
        return back

    def is_signed_in(self) -> bool:
        return self.get(f"{self.site}/clerk")[0] == 200


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    process = Forked("tests.simulators.openid_provider", log=tmp_path_factory.mktemp("provider") / "log")
    with process.stdout() as out:
        yield out.readline().decode().strip()
    process.kill()
    process.wait(10)


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory, prepared: Path, provider: str) -> Iterator[DemoServer]:
    folder = tmp_path_factory.mktemp("centre")
    secret = folder / "secret"
    secret.write_text(SECRET + "\n")
    given = ("--oidc-issuer", provider, "--oidc-client-id", CLIENT, "--oidc-client-secret-file", str(secret))
    with DemoServer(folder, *given, data=prepared) as server:
        yield server


@pytest.fixture
def browser(centre: DemoServer, provider: str) -> Browser:
    nexts(provider)
    return Browser(centre.url)


def nexts(provider: str, **what: str) -> None:
    assert Browser("").get(f"{provider}/next?{urlencode(what)}")[0] == 200


def test_who_the_provider_knows_is_signed_in_where_the_page_was_asked_for(browser: Browser) -> None:
    status, to, _ = browser.get(browser.to_the_provider_and_back("/clerk?lang=en"))
    assert (status, to) == (303, "/clerk?lang=en")
    assert browser.is_signed_in()


def test_without_a_page_it_is_the_roles_own(browser: Browser) -> None:
    assert browser.get(browser.to_the_provider_and_back())[1] == "/clerk"


def test_the_way_leads_to_no_other_site(browser: Browser) -> None:
    assert browser.get(browser.to_the_provider_and_back("//elsewhere.example/"))[1] == "/clerk"


@pytest.mark.parametrize(
    "fault",
    [
        "wrong-nonce",
        "no-nonce",
        "alg-none",
        "signed-with-the-public-key",
        "other-key",
        "other-audience",
        "also-for-others",
        "other-issuer",
        "expired",
        "no-expiry",
        "no-name",
        "denied",
    ],
)
def test_a_token_that_is_not_right_lets_nobody_in(browser: Browser, provider: str, fault: str) -> None:
    nexts(provider, fault=fault)
    status, _, body = browser.get(browser.to_the_provider_and_back())
    assert status == 403
    assert "Đăng nhập một lần không thành công" in body
    assert not browser.is_signed_in()


def test_a_key_that_is_new_is_asked_for(browser: Browser, provider: str) -> None:
    nexts(provider, fault="new-key")
    assert browser.get(browser.to_the_provider_and_back())[0] == 303
    assert browser.is_signed_in()


def test_a_return_is_good_once(browser: Browser) -> None:
    back = browser.to_the_provider_and_back()
    kept = dict(browser.cookies)
    assert browser.get(back)[0] == 303
    assert browser.get(back)[0] == 403
    thief = Browser(browser.site)
    thief.cookies = kept
    assert thief.get(back)[0] == 403
    assert not thief.is_signed_in()


def test_a_return_that_this_browser_has_not_begun_is_refused(browser: Browser) -> None:
    """Else somebody could sign others in as himself."""
    back = browser.to_the_provider_and_back()
    other = Browser(browser.site)
    assert other.get(back)[0] == 403
    other.to_the_provider_and_back()
    assert other.get(back)[0] == 403
    assert not other.is_signed_in()


def test_another_state_or_a_cookie_of_ones_own_making_is_refused(browser: Browser) -> None:
    back = browser.to_the_provider_and_back()
    code = parse_qs(urlsplit(back).query)["code"][0]
    assert browser.get(f"{browser.site}/sign-in/sso/back?{urlencode({'code': code, 'state': 'mine'})}")[0] == 403
    browser.cookies["__Host-layso-sso"] = "WyJtaW5lIiwiYSIsImIiLCIiXQ.aaaaaa.aaaa"
    assert browser.get(f"{browser.site}/sign-in/sso/back?{urlencode({'code': code, 'state': 'mine'})}")[0] == 403
    assert not browser.is_signed_in()


def test_who_has_no_account_here_gets_none(browser: Browser, provider: str) -> None:
    nexts(provider, user="ai-do")
    status, _, body = browser.get(browser.to_the_provider_and_back())
    assert (status, "Chưa có tài khoản “ai-do” tại đây" in body) == (403, True)


def test_a_user_name_is_no_markup(browser: Browser, provider: str) -> None:
    nexts(provider, user="<script>alert(1)</script>")
    assert "<script>alert" not in browser.get(browser.to_the_provider_and_back())[2]


def test_a_provider_that_is_not_there_is_no_error_of_ours(tmp_path: Path, prepared: Path) -> None:
    given = ("--oidc-issuer", "http://127.0.0.1:9", "--oidc-client-id", CLIENT)
    with DemoServer(tmp_path, *given, data=prepared) as server:
        status, _, body = Browser(server.url).get(f"{server.url}/sign-in/sso?next=")
    assert (status, "Chưa kết nối được hệ thống đăng nhập một lần" in body) == (503, True)


def test_without_a_provider_there_is_no_such_page(tmp_path: Path, prepared: Path) -> None:
    with DemoServer(tmp_path, data=prepared) as server:
        assert Browser(server.url).get(f"{server.url}/sign-in/sso?next=")[0] == 404
        assert "sign-in/sso" not in Browser(server.url).get(f"{server.url}/sign-in?")[2]


def test_a_sign_in_that_took_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = SingleSignOn(issuer="https://id.example", client_id="a", client_secret="", claim="sub", key=b"k")
    cookie = provider._seal.dumps(["state", "nonce", "verifier", ""])
    assert provider.under_way(cookie, "state").nonce == "nonce"
    later = time.time() + LASTS_S + 5
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(Refusal, match="sso-failed"):
        provider.under_way(cookie, "state")
