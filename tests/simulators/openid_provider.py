"""An OpenID provider, as a process of its own: discovery, keys, codes that are good once, PKCE, signed tokens. Whoever
comes to it is signed in as the `login_hint` or as `lan`; what it does wrong next is asked for at /next?fault=….

    python -m tests.simulators.openid_provider     prints its address
"""

from __future__ import annotations

import base64
import json
import secrets
import sys
import time
from collections.abc import Sequence
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "layso", "bí mật: của & lấy số"
KEY, OTHER_KEY = (RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}) for kid in ("k1", "k1"))
RENEWED = RSAKey.generate_key(2048, {"kid": "k2", "use": "sig"})


class Provider(BaseHTTPRequestHandler):
    codes: ClassVar[dict[str, dict[str, str]]] = {}
    user = "lan"
    amr: ClassVar[list[str]] = []
    fault = ""
    is_renewed = False

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"  # type: ignore[attr-defined]

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path == "/.well-known/openid-configuration":
            self._json({
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
            })  # fmt: skip
        elif url.path == "/jwks":
            keys = [KEY, RENEWED] if Provider.is_renewed else [KEY]
            self._json({"keys": [key.as_dict(private=False) for key in keys]})
        elif url.path == "/next":
            Provider.user, Provider.fault = query.get("user", "lan"), query.get("fault", "")
            Provider.amr = query.get("amr", "").split()
            Provider.is_renewed = Provider.is_renewed or Provider.fault == "new-key"
            self._json({})
        elif url.path == "/authorize" and query.get("client_id") == CLIENT and query["response_type"] == "code":
            code = secrets.token_urlsafe(16)
            Provider.codes[code] = {**query, "user": Provider.user}
            back = {"code": code, "state": query["state"]}
            if Provider.fault == "denied":
                back = {"error": "access_denied", "state": query["state"]}
            self.send_response(302)
            self.send_header("location", f"{query['redirect_uri']}?{urlencode(back)}")
            self.end_headers()
        else:
            self._json({"error": "invalid_request"}, 400)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        given = base64.b64decode(self.headers.get("authorization", "Basic ").split()[1]).decode()
        client, _, secret = given.partition(":")
        asked = Provider.codes.pop(form.get("code", ""), None)
        challenge = (
            base64.urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest()).decode().rstrip("=")
        )
        if (unquote(client), unquote(secret.replace("+", " "))) != (CLIENT, SECRET):
            self._json({"error": "invalid_client"}, 401)
        elif asked is None or asked["redirect_uri"] != form["redirect_uri"] or asked["code_challenge"] != challenge:
            self._json({"error": "invalid_grant"}, 400)
        else:
            self._json({"access_token": "opaque", "token_type": "Bearer", "id_token": self._token(asked)})

    def _token(self, asked: dict[str, str]) -> str:
        now, fault = int(time.time()), Provider.fault
        claims: dict[str, Any] = {
            "iss": self.issuer, "sub": "42", "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"],
            "preferred_username": asked["user"], "amr": Provider.amr,
        }  # fmt: skip
        faults: dict[str, dict[str, Any]] = {
            "wrong-nonce": {"nonce": "another"},
            "other-audience": {"aud": "somebody-else"},
            "also-for-others": {"aud": [CLIENT, "somebody-else"], "azp": "somebody-else"},
            "other-issuer": {"iss": "https://elsewhere.example"},
            "expired": {"iat": now - 7200, "exp": now - 3600},
        }
        claims |= faults.get(fault, {})
        for gone in {"no-nonce": ["nonce"], "no-expiry": ["exp"], "no-name": ["preferred_username"]}.get(fault, []):
            del claims[gone]
        if fault == "alg-none":
            return f"{_part({'alg': 'none', 'kid': 'k1'})}.{_part(claims)}."
        if fault == "signed-with-the-public-key":
            import hmac

            signed = f"{_part({'alg': 'HS256', 'kid': 'k1'})}.{_part(claims)}"
            mac = hmac.new(KEY.as_pem(private=False), signed.encode(), sha256).digest()
            return f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"
        key = {"other-key": OTHER_KEY, "new-key": RENEWED}.get(fault, KEY)
        return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)

    def _json(self, value: object, status: int = 200) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def main(arguments: Sequence[str] | None = None) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
