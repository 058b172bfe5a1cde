"""A host application that knows nothing but the guards."""

from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Blueprint, Response, jsonify

from mo_access.domain.model import Role
from mo_access.service import imports
from mo_access.service.unit_of_work import UnitOfWork
from mo_oidc import guards
from mo_web.app import Door
from mo_web.errors import Problem

SCHOOLS = "number,name,kind,board,successor\n900001,Eerste,school,,\n900002,Tweede,school,,\n"
THEMES = (
    "slug,name,confidentiality,min_level\n"
    "leerlingen-openbaar,Leerlingen (openbaar),public,0\n"
    "salarissen,Salarissen,confidential,25\n"
)


def seed(uow: UnitOfWork) -> None:
    """Import two made-up schools and two themes."""
    with TemporaryDirectory() as folder:
        for name, text in (("institutions", SCHOOLS), ("themes", THEMES)):
            path = Path(folder) / f"{name}.csv"
            path.write_text(text, encoding="utf-8")
            getattr(imports, name)(uow, path)


def door() -> Door:
    """Return the host's routes, each behind a guard."""
    routes = Blueprint("host", __name__, url_prefix="/host")

    @routes.get("/home")
    @guards.login_required
    def home() -> Response:
        session = guards.current_session()
        assert session is not None
        return jsonify(person=session.person)

    @routes.post("/home")
    @guards.login_required
    def change() -> Response:
        return jsonify()

    @routes.get("/pupils/<institution>")
    @guards.requires_theme("salarissen", "leerlingen-openbaar")
    def pupils(institution: str) -> Response:
        return jsonify(institution=institution)

    @routes.get("/wages/<institution>")
    @guards.requires_theme("salarissen")
    def wages(institution: str) -> Response:
        return jsonify(institution=institution)

    @routes.get("/manage/<institution>")
    @guards.requires_role(Role.BEHEERDER)
    def manage(institution: str) -> Response:
        return jsonify(institution=institution)

    @routes.get("/staff/<school>")
    @guards.requires_role(Role.GEBRUIKER, argument="school")
    def staff(school: str) -> Response:
        return jsonify(school=school)

    return Door("host", routes, ("/host",), _render)


def _render(problem: Problem) -> Response:
    return jsonify(error=problem.message)
