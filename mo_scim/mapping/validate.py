"""Judge a normalised resource by the models of scim2-models, in the product's own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError
from scim2_models import Context

from mo_access.domain.errors import Invalid
from mo_access.domain.model import Document, Json
from mo_scim.resources import CORE_GROUP, CORE_USER, Group, User

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_MODELS: Final[Mapping[str, Any]] = {"User": User, "Group": Group}
_CORE: Final[Mapping[str, Json]] = {"User": CORE_USER, "Group": CORE_GROUP}
_SENTENCES: Final[Mapping[str, str]] = {
    "required_error": "is required. Send a value that is not empty",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "primary_uniqueness_error": "has more than one primary entry. Mark one at most",
    "base64_decode": "is not base64. Send it base64-encoded",
    "extra_forbidden": "is no attribute of this resource. Leave it out",
}


def validate(body: Document, resource: str, *, replaces: bool) -> None:
    """Raise ``Invalid`` that names the attribute, what is wrong and what to do.

    The text never holds the value, which may be sensitive. ``schemas`` was judged before; what
    the body holds says which of ours apply.
    """
    urns = [_CORE[resource], *(name for name in body if name.startswith("urn:"))]
    context = (
        Context.RESOURCE_REPLACEMENT_REQUEST if replaces else Context.RESOURCE_CREATION_REQUEST
    )
    try:
        _MODELS[resource].model_validate({**body, "schemas": urns}, scim_ctx=context)
    except ValidationError as error:
        raise _invalid(error.errors(include_url=False, include_input=False)[0]) from error


def _invalid(error: ErrorDetails) -> Invalid:
    where = _path(error["loc"])
    named = error.get("ctx", {}).get("field_name")
    if named and not where.endswith(str(named)):
        where = f"{where}{_joint(where)}{named}"
    sentence = _SENTENCES.get(
        error["type"], "has a value that its schema refuses. See GET /Schemas"
    )
    return Invalid(f"{where or 'body'}: {sentence}.", attribute=where or None)


def _path(parts: tuple[int | str, ...]) -> str:
    path = ""
    for part in parts:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f"{_joint(path)}{part}"
    return path


def _joint(path: str) -> str:
    if not path:
        return ""
    return ":" if path.startswith("urn:") and path.endswith((":User", ":Group")) else "."
