"""Default texts and tables of the settings: data that every installation may replace."""

from typing import Final

NOTICE_NL: Final = (
    "Alleen wie van een Mijn Onderwijsbeheerder toegang kreeg, mag verder. Zich zonder toestemming "
    "toegang verschaffen, er blijven, of verder gaan dan de gekregen toegang is strafbaar "
    "(wet van 28 november 2000 inzake informaticacriminaliteit)."
)
NOTICE_EN: Final = (
    "Only people whom a Mijn Onderwijsbeheerder gave access may go on. To get in without "
    "permission, to stay in, or to go beyond the access given is an offence (Belgian act of "
    "28 November 2000 on computer crime)."
)
HELP_NL: Final = (
    "Aanmelden lukt niet? Bel gratis 1700.",
    "Geen toegang of een thema te weinig? Vraag het aan de Mijn Onderwijsbeheerder van uw school.",
    "Andere vragen: mijnonderwijs@vlaanderen.be.",
)
HELP_EN: Final = (
    "Trouble signing in? Call 1700 (free).",
    "No access, or a theme is missing? Ask the Mijn Onderwijsbeheerder of your school.",
    "Other questions: mijnonderwijs@vlaanderen.be.",
)
