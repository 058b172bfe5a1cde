"""A person's own access token at the broker, as somebody who means harm would get it."""

import base64
import hashlib
import secrets
from http import HTTPStatus
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

from mo_demo.browser import Browser
from mo_demo.canaille import CLIENT_ID, Canaille
from mo_demo.console import Person, answer_sign_in
from mo_demo.process import DemoError


def own_token(broker: Canaille, person: Person, redirect_uri: str) -> str:
    """Return an access token of the person, issued to the very client that provisions us."""
    verifier = secrets.token_urlsafe(48)
    browser = Browser(stop_before=redirect_uri)
    page = browser.open(f"{broker.url}/oauth/authorize?{_request(redirect_uri, verifier)}")
    page = answer_sign_in(browser, page, person.user_name, person.password)
    code = parse_qs(urlsplit(page.url).query).get("code", [""])[0]
    return _redeem(broker, code, redirect_uri, verifier)


def _request(redirect_uri: str, verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return urlencode(
        {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": redirect_uri,
            "scope": "openid profile",
            "state": secrets.token_urlsafe(16),
            "nonce": secrets.token_urlsafe(16),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
    )


def _redeem(broker: Canaille, code: str, redirect_uri: str, verifier: str) -> str:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(
            f"{broker.url}/oauth/token",
            data=form,
            auth=(CLIENT_ID, broker.client_secret),
            timeout=30,
        )
    if answer.status_code != HTTPStatus.OK:
        raise DemoError(f"The broker gave no access token ({answer.status_code}).")
    return str(answer.json()["access_token"])
