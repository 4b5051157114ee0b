"""Settings of several processes, and what is printed of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from queue_server.serving import server_of
from queue_server.settings import BadSettings, read_settings


@pytest.mark.parametrize("proxies", ["", "*", "127.0.0.1", "10.0.0.0/8, 2001:db8::/32,::1"])
def test_proxies_are_addresses_and_networks(proxies: str) -> None:
    assert read_settings({"LAYSO_TRUSTED_PROXIES": proxies}).trusted_proxies == proxies


@pytest.mark.parametrize("proxies", ["proxy.example.vn", "10.0.0.0/8,proxy", "10.0.0.1/8", "*,127.0.0.1", ","])
def test_a_proxy_by_name_is_refused_since_it_would_be_believed_to_be_nobodys(proxies: str) -> None:
    with pytest.raises(BadSettings, match="LAYSO_TRUSTED_PROXIES: must be addresses, networks"):
        read_settings({"LAYSO_TRUSTED_PROXIES": proxies})


def test_only_the_setting_says_which_proxies_are_believed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    for given, believed in (({}, "127.0.0.1,::1"), ({"trusted_proxies": "10.0.0.0/8"}, "10.0.0.0/8")):
        assert server_of(read_settings({}, data=tmp_path, **given)).config.forwarded_allow_ips == believed


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:bi-mat@a:1/2", "redis://********@a:1/2"),
        ("rediss://lan:b@i-m@t@a", "rediss://********@a"),
        ("redis+sentinel://:bi-mat@a,b/s?sentinel_password=bi-mat&x=1", "redis+sentinel://********@a,b/s?sentinel_password=********&x=1"),
        ("redis://a?password=bi-mat", "redis://a?password=********"),
        ("redis://a", "redis://a"),
    ],
)  # fmt: skip
def test_no_password_is_printed(url: str, shown: str) -> None:
    settings = read_settings({"LAYSO_REDIS": url})
    assert settings.shown()["redis"] == shown
    assert "bi-mat" not in repr(settings)
