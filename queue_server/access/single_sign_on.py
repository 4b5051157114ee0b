"""Signing in by way of an OpenID provider: authorization code with PKCE (RFC 7636), state and nonce.

The provider says which account somebody is; what that account may do is known here alone, and none is made by signing
in. Nothing of a sign-in under way is kept here: it is in the browser's cookie, sealed.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from itsdangerous import BadData, URLSafeTimedSerializer
from msgspec import Struct

from queue_server.domain.refusals import Refusal

LASTS_S = 600
"""From the button to the return: time to type a password there."""
ANSWER_WITHIN_S = 10.0
LARGEST = 256 * 1024
KNOWN_S = 3600.0
"""How long what the provider says of itself is believed without asking again."""
LEEWAY_S = 60
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384"]
"""Signatures with a key that only the provider has; so not "none", and none with the client's own secret."""
STRONG = frozenset({"mfa", "otp", "hwk"})
"""What `amr` (RFC 8176) says where the provider has asked for a second factor."""
SCOPE = "openid profile"


class Provider(Struct, frozen=True):
    """What a provider says of itself, and its keys."""

    authorize: str
    token: str
    keys: Mapping[str, Any]
    known_at: float


class UnderWay(Struct, frozen=True):
    """A sign-in from the button to the return."""

    state: str
    nonce: str
    verifier: str
    after: str


class Identified(Struct, frozen=True):
    """Who the provider says it is; `is_strong` with a second factor."""

    username: str
    is_strong: bool


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The client's secret goes to the addresses that the provider named, and nowhere else."""

    def redirect_request(self, *_: object) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirects)


class SingleSignOn:
    """One provider. `key` seals the cookie; `now` are seconds since the epoch."""

    def __init__(
        self,
        *,
        issuer: str,
        client_id: str,
        client_secret: str,
        claim: str,
        key: bytes,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._claim = claim
        self._seal = URLSafeTimedSerializer(key, salt="single-sign-on")
        self._now = now
        self._provider: Provider | None = None

    async def begin(self, redirect_uri: str, after: str) -> tuple[str, str]:
        """The provider's address for the browser, and the cookie to come back with.

        Raises:
            Refusal: `sso-unavailable`
        """
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        provider = await self._known()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        under_way = UnderWay(state, nonce, verifier, after)
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "scope": SCOPE,
            "state": under_way.state,
            "nonce": under_way.nonce,
            "code_challenge": create_s256_code_challenge(under_way.verifier),
            "code_challenge_method": "S256",
        }
        separator = "&" if urlsplit(provider.authorize).query else "?"
        cookie = self._seal.dumps([under_way.state, under_way.nonce, under_way.verifier, after])
        return f"{provider.authorize}{separator}{urlencode(asked)}", str(cookie)

    def under_way(self, cookie: str, state: str) -> UnderWay:
        """What the browser had begun, where it comes back from the very same.

        Raises:
            Refusal: `sso-failed`
        """
        try:
            found = UnderWay(*self._seal.loads(cookie, max_age=LASTS_S))
        except (BadData, TypeError):
            raise Refusal("sso-failed") from None
        if not secrets.compare_digest(found.state.encode(), state.encode()):
            raise Refusal("sso-failed")
        return found

    async def finish(self, under_way: UnderWay, redirect_uri: str, code: str) -> Identified:
        """Who it is, by the code that the browser brought.

        Raises:
            Refusal: `sso-failed`, `sso-unavailable`
        """
        provider = await self._known()
        asked = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "client_id": self._client_id,
            "code_verifier": under_way.verifier,
        }
        answer = await asyncio.to_thread(self._ask, provider.token, asked)
        return await self._identified(provider, answer, under_way.nonce)

    async def _identified(self, provider: Provider, answer: Mapping[str, Any], nonce: str) -> Identified:
        from joserfc.errors import InvalidKeyIdError, JoseError

        try:
            try:
                claims = self._claims(provider, answer, nonce)
            except InvalidKeyIdError:
                self._provider = None  # it may have new ones
                claims = self._claims(await self._known(), answer, nonce)
        except (JoseError, ValueError):
            raise Refusal("sso-failed") from None
        username, methods = claims.get(self._claim), claims.get("amr") or []
        if not isinstance(username, str) or not username:
            raise Refusal("sso-failed")
        return Identified(username, bool(STRONG & set(methods)))

    def _claims(self, provider: Provider, answer: Mapping[str, Any], nonce: str) -> dict[str, Any]:
        """The claims of an identity token that is the provider's, for us, of this sign-in, and of now."""
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.jwk import KeySet

        token = answer.get("id_token")
        if not isinstance(token, str):
            raise ValueError("no identity token")
        keys = KeySet.import_key_set(dict(provider.keys))  # type: ignore[arg-type]
        decoded = jwt.decode(token, keys, algorithms=ALGORITHMS)
        options = {
            "iss": {"essential": True, "value": self._issuer},
            "aud": {"essential": True, "value": self._client_id},
        }
        params = {"nonce": nonce, "client_id": self._client_id, "access_token": answer.get("access_token")}
        claims = CodeIDToken(decoded.claims, decoded.header, options, params)
        claims.validate(now=int(self._now()), leeway=LEEWAY_S)
        return dict(claims)

    # -- the provider --------------------------------------------------------------------------------------------------

    async def _known(self) -> Provider:
        now = self._now()
        if self._provider is None or now - self._provider.known_at > KNOWN_S:
            self._provider = await asyncio.to_thread(self._discover, now)
        return self._provider

    def _discover(self, now: float) -> Provider:
        """OpenID Connect Discovery 1.0; what is not this issuer's is not believed."""
        said = self._ask(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if said.get("issuer") != self._issuer:
            raise Refusal("sso-unavailable")
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        authorize, token, jwks = (str(said.get(name, "")) for name in names)
        schemes = {urlsplit(place).scheme for place in (authorize, token, jwks)}
        if not schemes <= {"https", urlsplit(self._issuer).scheme}:
            raise Refusal("sso-unavailable")
        return Provider(authorize, token, self._ask(jwks), now)

    def _ask(self, url: str, form: Mapping[str, str] | None = None) -> dict[str, Any]:
        """JSON by GET, or by POST of a form as this client."""
        headers = {"accept": "application/json", "user-agent": "layso"}
        data = None
        if form is not None:
            data = urlencode(form).encode()
            pair = urlencode({self._client_id: self._client_secret}).replace("=", ":", 1)
            headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        try:
            with _opener.open(urllib.request.Request(url, data, headers), timeout=ANSWER_WITHIN_S) as answer:
                found = json.loads(answer.read(LARGEST))
        except urllib.error.HTTPError as fault:
            is_refused = form is not None and 400 <= fault.code < 500
            raise Refusal("sso-failed" if is_refused else "sso-unavailable") from None
        except (OSError, ValueError):
            raise Refusal("sso-unavailable") from None
        if not isinstance(found, dict):
            raise Refusal("sso-unavailable")
        return found
