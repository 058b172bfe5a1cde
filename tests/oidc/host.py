"""A host application that knows nothing but the guards."""

from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

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

    _stronger(routes)
    return Door("host", routes, ("/host",), _render)


def _stronger(routes: Blueprint) -> None:
    """Add what asks more of a sign-in than that there is one."""

    @routes.get("/recent")
    @guards.requires_sign_in(max_age=900)
    def recent() -> Response:
        return jsonify()

    @routes.get("/strong")
    @guards.requires_sign_in(min_level=25)
    def strong() -> Response:
        return jsonify()

    @routes.get("/unreachable")
    @guards.requires_sign_in(min_level=99)
    def unreachable() -> Response:
        return jsonify()

    @routes.route("/desk/<institution>", methods=["GET", "POST"])
    @guards.requires_role(Role.GEBRUIKER, min_level=25, max_age=900)
    def desk(institution: str) -> Response:
        return jsonify(institution=institution)

    @routes.get("/function/<institution>")
    def function(institution: str) -> ResponseReturnValue:
        refusal = guards.check_theme(institution, "leerlingen-openbaar", max_age=900)
        return jsonify(institution=institution) if refusal is None else refusal


def _render(problem: Problem) -> Response:
    return jsonify(error=problem.message)
