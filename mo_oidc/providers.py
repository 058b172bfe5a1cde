"""The providers of one application: made from its settings, asked for by name or issuer."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Final

from flask import current_app
from flask.sansio.app import App

from mo_access import provider_rules
from mo_access.settings import Provider as ProviderSettings
from mo_access.settings import Settings
from mo_oidc.config import ClaimRules, ProviderConfig
from mo_oidc.errors import FlowRefused
from mo_oidc.provider import Provider
from mo_web.faults import UNAVAILABLE, ProviderTrouble
from mo_web.fetch import get_json
from mo_web.tls import Tls
from mo_web.turnstile import Turnstile

_KEY: Final = "mo_oidc"


class Providers:
    """The configured providers, in order; the first is the default when it is the only one."""

    def __init__(self, providers: Iterable[Provider]) -> None:
        """Keep them."""
        self.all = tuple(providers)

    def named(self, name: str) -> Provider:
        """Return the provider with this name; `FlowRefused` when there is none."""
        return self._first(p for p in self.all if p.config.name == name)

    def with_issuer(self, issuer: object) -> Provider:
        """Return the provider with this issuer; `FlowRefused` when there is none."""
        return self._first(p for p in self.all if p.config.issuer == issuer)

    def chosen(self, name: str | None, issuer: str | None) -> Provider | None:
        """Return the provider that is asked for, or the only one; None when a person must choose.

        A third-party-initiated login names the issuer (Core §4). `FlowRefused` when name and
        issuer are not of one provider.
        """
        if name and issuer:
            return self._first(
                p for p in self.all if (p.config.name, p.config.issuer) == (name, issuer)
            )
        if name:
            return self.named(name)
        if issuer:
            return self.with_issuer(issuer)
        if not self.all:
            raise ProviderTrouble("no_provider", UNAVAILABLE)
        return self.all[0] if len(self.all) == 1 else None

    @staticmethod
    def _first(found: Iterable[Provider]) -> Provider:
        for provider in found:
            return provider
        raise FlowRefused("provider_unknown")


def install(
    extensions: dict[str, object], settings: Settings, turns: Turnstile | None = None
) -> None:
    """Put the providers among an application's extensions; nothing is fetched yet."""
    extensions[_KEY] = made(settings, turns)


def made(settings: Settings, turns: Turnstile | None = None) -> Providers:
    """Make the configured providers; nothing is fetched yet."""
    rules = rules_of(settings)
    fetch = partial(get_json, tls=Tls(authorities=settings.ca_file))
    return Providers(
        Provider(_config(told, rules, settings.ca_file), fetch, time.monotonic, turns)
        for told in settings.providers
    )


def providers() -> Providers:
    """Return the providers of the application that serves this request."""
    return of(current_app)


def of(app: App) -> Providers:
    """Return the providers of an application."""
    found = app.extensions[_KEY]
    if not isinstance(found, Providers):
        raise TypeError("the application has no door for sign-in")
    return found


def _config(told: ProviderSettings, rules: ClaimRules, ca_file: str | None) -> ProviderConfig:
    return ProviderConfig(
        name=told.name,
        issuer=told.issuer,
        client_id=told.client_id,
        client_secret=told.client_secret.get_secret_value(),
        scopes=told.scopes,
        algorithms=told.algorithms,
        links=told.link,
        mode=told.mode,
        institutions=told.institutions,
        beheerders=told.beheerders,
        rules=replace(rules, acr_levels=told.acr_levels),
        acr_values=told.acr_values,
        cap_hint=told.cap_hint,
        response_mode=told.response_mode,
        own_callback=told.own_callback,
        userinfo=told.userinfo,
        userinfo_by=told.userinfo_by,
        userinfo_required=told.userinfo_required,
        refresh=told.refresh,
        revocation=told.revocation,
        client_auth=told.client_auth,
        client_key=provider_rules.client_key(told),
        certificate=told.certificate,
        ca_file=ca_file,
        par=told.par or told.fapi2,
        dpop=told.binds_by_dpop,
        fapi2=told.fapi2,
    )


def rules_of(settings: Settings) -> ClaimRules:
    """Return how claims are read at this installation; levels are each provider's own."""
    return ClaimRules(
        capacity=settings.oidc_capacity_claim,
        target_group=settings.oidc_target_group_claim,
        allowed_target_groups=settings.oidc_target_groups,
        roles=settings.oidc_role_claims,
        rights={
            **dict.fromkeys(settings.gebruiker_rights, "gebruiker"),
            **dict.fromkeys(settings.beheerder_rights, "beheerder"),
        },
        theme_rights=settings.theme_rights,
        themes=settings.mapping.themes,
        institutions={code.casefold(): n for code, n in settings.mapping.institutions.items()},
    )
