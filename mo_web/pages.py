"""The pages that every door shares: refused, provider in trouble, signed out, choose a provider.

They hold nothing that a browser or a provider sent: a reason is one of our own codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from flask import Response, make_response, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _later

from mo_access.domain.policy import Reason
from mo_web import language, requestid
from mo_web.errors import Problem
from mo_web.reasons import TEXTS
from mo_web.shared import shared

_SERVER_FAULT: Final = 500
_ASK_BEHEERDER = _later(
    "U bent nog niet geregistreerd. Vraag het aan de Mijn Onderwijsbeheerder van uw school."
)
_START_AGAIN = _later("Deze aanmelding is verlopen of werd al gebruikt. Begin opnieuw.")
_AMBIGUOUS = _later(
    "Uw gegevens wijzen niet naar precies één persoon. Vraag de Mijn Onderwijsbeheerder van uw "
    "school om ze na te kijken."
)
_STRONGER = _later("Hiervoor moet u zich opnieuw en op een sterkere manier aanmelden.")
_STOPPED = _later("De aanmelding is stopgezet of geweigerd waar u zich aanmeldt.")
_OFF = _later("Uw toegang staat uit. Vraag het aan de Mijn Onderwijsbeheerder van uw school.")
SENTENCES: Final = {
    "no_session": _later("U bent niet aangemeld."),
    "unknown_person": _ASK_BEHEERDER,
    "inactive": _OFF,
    "ambiguous_identity": _AMBIGUOUS,
    "identity_conflict": _AMBIGUOUS,
    "target_group": _later("Meld u aan voor een onderwijsinstelling, niet voor een andere groep."),
    "acr_too_low": _STRONGER,
    "auth_time": _STRONGER,
    "auth_time_missing": _STRONGER,
    "level_too_low": _STRONGER,
    "sign_in_too_old": _later("Hiervoor moet u zich opnieuw aanmelden: uw aanmelding is te oud."),
    "session_over": _STOPPED,
    "signed_out_meanwhile": _START_AGAIN,
    "state_missing": _START_AGAIN,
    "state_unknown": _START_AGAIN,
    "state_other_browser": _START_AGAIN,
    "code_refused": _START_AGAIN,
    "provider_access_denied": _STOPPED,
    "provider_login_required": _STOPPED,
    "provider_interaction_required": _STOPPED,
    "provider_consent_required": _STOPPED,
    "provider_account_selection_required": _STOPPED,
    "provider_unmet_authentication_requirements": _STRONGER,
}


@dataclass(frozen=True, slots=True)
class Choice:
    """A provider on the chooser: its label and where its button leads."""

    label: str
    href: str


def page(template: str, status: int = HTTPStatus.OK, **context: object) -> Response:
    """Return a page with the notice and help lines of the settings, in the reader's language."""
    settings = shared().settings
    english = language.current() == "en"
    body = render_template(
        template,
        **{
            "notice": settings.notice_en if english else settings.notice_nl,
            "help": settings.help_en if english else settings.help_nl,
            "request_id": requestid.current(),
            **context,
        },
    )
    response = make_response(body, status)
    response.headers["Content-Language"] = language.current()
    return response


def refused(code: str, status: int, again: str | None = "/oidc/login") -> Response:
    """Return the refusal page: why in a sentence, whom to ask, and the legal notice.

    ``code`` is one of our own reason codes; ``again`` is where a new sign-in starts, if it helps.
    """
    sentence = SENTENCES.get(code) or _(
        "De aanmelding is niet aanvaard. Probeer het opnieuw; lukt het dan niet, bel 1700 en zeg "
        "de code hieronder."
    )
    heading = _("Aanmelden") if code == "no_session" else _("Geen toegang")
    return page("refused.html", status, code=code, heading=heading, sentence=sentence, again=again)


def denied(reason: Reason) -> Response:
    """Return the 403 page of a decision: its reason code and what it means for the person."""
    return page(
        "refused.html",
        HTTPStatus.FORBIDDEN,
        code=reason.value,
        heading=_("Geen toegang"),
        sentence=TEXTS[reason].user(language.current()),
        again=None,
    )


def provider_trouble(code: str, status: int) -> Response:
    """Return the page for a provider that is down or answers nonsense; it may be tried again."""
    response = page(
        "refused.html",
        status,
        code=code,
        heading=_("Aanmelden lukt nu niet"),
        sentence=_("De aanmelddienst antwoordt niet zoals het hoort. Probeer het straks opnieuw."),
        again="/oidc/login",
    )
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = "5"
    return response


def signed_out() -> Response:
    """Return the public page after signing out; it starts nothing."""
    return page("signed_out.html")


def choose_provider(choices: Sequence[Choice]) -> Response:
    """Return the page with a button for each provider."""
    return page("sign_in.html", choices=choices)


def problem(told: Problem) -> Response:
    """Return a page for any failed request; the sentence is ours, never what was sent."""
    fault = told.status >= _SERVER_FAULT
    sentence = (
        _("Er ging iets mis bij ons. Probeer het straks opnieuw.")
        if fault
        else _("Deze vraag kan niet worden beantwoord.")
    )
    if told.status == HTTPStatus.NOT_FOUND:
        sentence = _("Deze pagina bestaat niet, of u mag ze niet zien.")
    return page(
        "refused.html",
        told.status,
        code=told.phrase,
        heading=_("Dat lukte niet"),
        sentence=sentence,
        notice=None,
        again=None,
    )
