"""What made-up people and institutions are called: common words, put together by number."""

from __future__ import annotations

from typing import Final

GIVEN: Final = {
    "M": (
        *("Jan", "Piet", "Tom", "Wout", "Bram", "Koen", "Bart", "Dirk", "Jef", "Stijn", "Joris"),
        *("Ruben", "Seppe", "Lars", "Milan", "Yusuf", "Adam", "Noah", "Zoë-Jan", "René", "Björn"),
    ),
    "F": (
        *("An", "Els", "Leen", "Lotte", "Fien", "Griet", "Hilde", "Katrien", "Marie", "Nele"),
        *("Sofie", "Tine", "Emma", "Louise", "Amina", "Fatima", "Noor", "Zoë", "Renée", "Inès"),
    ),
    "X": ("Robin", "Sam", "Alex", "Kim", "Noa", "Charlie"),
}
FAMILY: Final = (
    *("Peeters", "Janssens", "Maes", "Jacobs", "Mertens", "Willems", "Claes", "Goossens"),
    *("Wouters", "De Smet", "Van Damme", "Van den Broeck", "Vermeulen", "Pauwels", "Hermans"),
    *("Aerts", "Lambrecht", "Desmedt", "Coppens", "Verhoeven", "El Amrani", "Yildiz", "D'Hondt"),
    *("Stevens", "Baert", "Wyns", "Bogaert", "Lemmens", "Devos", "Segers", "Moens", "Thijs"),
)
DEPARTMENTS: Final = ("Kleuter", "Lager", "Eerste graad", "Tweede graad", "Derde graad", "Centrum")
SCHOOLS: Final = ("De Linde", "Sint-Jan", "De Brug", "Atheneum", "Het Kompas", "De Regenboog")
TOWNS: Final = ("Bovendorp", "Nederbeek", "Zandhoven-Oost", "Klaverveld", "Sterrebos", "Rietmeer")
