"""What every reason code of a decision says to people, and what one can do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mo_access.domain.policy import Reason


@dataclass(frozen=True, slots=True)
class ReasonText:
    """One reason, told to the person in both languages and to the operator in English."""

    dutch: str
    english: str
    operator: str

    def user(self, language: str) -> str:
        """Return what the person reads in ``nl`` or ``en``."""
        return self.english if language == "en" else self.dutch


_ASK_NL: Final = "Vraag het aan de Mijn Onderwijsbeheerder van uw instelling."
_ASK_EN: Final = "Ask the Mijn Onderwijsbeheerder of your institution."

TEXTS: Final[dict[Reason, ReasonText]] = {
    Reason.GRANTED: ReasonText("U hebt toegang.", "You have access.", "Every rule holds."),
    Reason.UNKNOWN: ReasonText(
        "Dit bestaat niet, of het is niet voor u.",
        "This does not exist, or is not for you.",
        "The person, institution, theme or document is unknown, or outside the client's scope.",
    ),
    Reason.INACTIVE: ReasonText(
        f"Uw registratie is niet actief. {_ASK_NL}",
        f"Your registration is not active. {_ASK_EN}",
        "The person is not active.",
    ),
    Reason.BLOCKED: ReasonText(
        "De toegang is geblokkeerd. Bel 1700 voor uitleg.",
        "Access is blocked. Call 1700 for an explanation.",
        "The person, the affiliation or the institution is blocked.",
    ),
    Reason.NO_AFFILIATION: ReasonText(
        f"U bent bij deze instelling niet geregistreerd. {_ASK_NL}",
        f"You are not registered at this institution. {_ASK_EN}",
        "The person has no affiliation with the institution.",
    ),
    Reason.NOT_STARTED: ReasonText(
        f"Uw relatie met deze instelling is nog niet begonnen. {_ASK_NL}",
        f"Your relation with this institution has not started yet. {_ASK_EN}",
        "The affiliation starts later.",
    ),
    Reason.ENDED: ReasonText(
        f"Uw relatie met deze instelling is afgelopen. {_ASK_NL}",
        f"Your relation with this institution has ended. {_ASK_EN}",
        "The affiliation has ended.",
    ),
    Reason.SUSPENDED: ReasonText(
        f"Uw toegang bij deze instelling is opgeschort. {_ASK_NL}",
        f"Your access at this institution is suspended. {_ASK_EN}",
        "Who gave the affiliation has deactivated the person.",
    ),
    Reason.CAPACITY: ReasonText(
        "U bent aangemeld voor een andere instelling. Meld u af en kies de juiste instelling.",
        "You signed in for another institution. Sign out and choose the right institution.",
        "The session's capacity is another institution.",
    ),
    Reason.REACH: ReasonText(
        f"Uw aanmelding geldt niet voor deze instelling. {_ASK_NL}",
        f"Your sign-in does not count at this institution. {_ASK_EN}",
        "The session was matched through a client that does not vouch for this institution.",
    ),
    Reason.NO_THEME: ReasonText(
        f"U hebt dit thema niet bij deze instelling. {_ASK_NL}",
        f"You were not given this theme at this institution. {_ASK_EN}",
        "No membership or entitlement gives the theme at the institution.",
    ),
    Reason.DORMANT: ReasonText(
        f"Dit thema is voor u opgeschort. {_ASK_NL}",
        f"This theme is suspended for you. {_ASK_EN}",
        "Who gave the theme has deactivated the person, or what it said the person is there ended, "
        "with the theme or alone.",
    ),
    Reason.LEVEL: ReasonText(
        "Dit thema vraagt een sterkere manier van aanmelden, bijvoorbeeld met eID of itsme.",
        "This theme asks for a stronger way to sign in, for example with eID or itsme.",
        "The session's level is below the theme's minimum level.",
    ),
    Reason.ROLE_LEVEL: ReasonText(
        "Als beheerder moet u zich op een sterkere manier aanmelden, bv. met eID of itsme.",
        "To act as beheerder, sign in in a stronger way, for example with eID or itsme.",
        "The session's level is below the level that a beheerder needs (beheerder_min_level).",
    ),
    Reason.NO_ROLE: ReasonText(
        f"U hebt bij deze instelling niet de rol die hiervoor nodig is. {_ASK_NL}",
        f"You do not have the role that this asks for at this institution. {_ASK_EN}",
        "No current affiliation has the role.",
    ),
}
