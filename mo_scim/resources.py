"""The resources that this service provider knows, as declarations (design section 3).

``User`` and ``Group`` are those of RFC 7643 with our extensions; ``Institution`` and ``Theme``
are read-only lists from which a broker's console can offer choices.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, cast

import scim2_models
from pydantic import Field
from scim2_models import (
    URN,
    CaseExact,
    ComplexAttribute,
    Extension,
    Mutability,
    Reference,
    Required,
    Resource,
    Returned,
    Uniqueness,
)
from scim2_models.resources import enterprise_user, group, user

CORE_USER: Final = "urn:ietf:params:scim:schemas:core:2.0:User"
CORE_GROUP: Final = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
USER_EXTENSION: Final = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:User"
GROUP_EXTENSION: Final = "urn:ietf:params:scim:schemas:extension:mijnonderwijs:2.0:Group"
INSTITUTION: Final = "urn:ietf:params:scim:schemas:mijnonderwijs:2.0:Institution"
THEME: Final = "urn:ietf:params:scim:schemas:mijnonderwijs:2.0:Theme"


class Email(user.Email):
    """An e-mail address as text: brokers send ``name@localhost`` and it is kept as sent."""

    value: str | None = None
    """E-mail address of the person."""


class CoreUser(scim2_models.User):  # type: ignore[type-arg]  # extensions are added below
    """The core User of RFC 7643 section 4.1."""

    emails: list[Email] | None = None  # type: ignore[assignment]  # on purpose
    """E-mail addresses of the person."""


class Manager(ComplexAttribute):
    """The manager of a person; RFC 7643 section 4.3 recommends its parts, requires none."""

    value: Annotated[str | None, CaseExact.true] = None
    """The id of the manager."""

    # Not CoreUser: the name of the class is published as the type that is referred to.
    ref: Annotated[Reference[scim2_models.User[Any]] | None, CaseExact.true] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    """The address of the manager."""

    display_name: Annotated[str | None, Mutability.read_only] = None
    """The name of the manager."""


class EnterpriseUser(enterprise_user.EnterpriseUser):
    """The enterprise extension; ``organization`` is the number of the primary institution."""

    manager: Manager | None = None  # type: ignore[assignment]  # on purpose
    """The manager of the person."""


class Affiliation(ComplexAttribute):
    """A relation of a person with an institution."""

    value: Annotated[str | None, Required.true, CaseExact.true] = None
    """The number of the institution, 6 digits."""

    display: Annotated[str | None, Mutability.read_only, CaseExact.true] = None
    """The name of the institution."""

    role: str | None = Field(None, examples=["beheerder", "gebruiker"])
    """What the person is there: beheerder or gebruiker; gebruiker when not sent."""

    start: str | None = None
    """The first day on which it holds, as YYYY-MM-DD (Europe/Brussels)."""

    end: str | None = None
    """The last day on which it holds, as YYYY-MM-DD (Europe/Brussels)."""

    primary: bool | None = None
    """Whether this is the primary institution of the person."""

    status: Annotated[str | None, Mutability.read_only] = Field(
        None, examples=["active", "pending", "suspended", "ended"]
    )
    """Where it stands today."""

    origin: Annotated[str | None, Mutability.read_only] = None
    """The ways in which it was said, separated by spaces."""


class Identity(ComplexAttribute):
    """An account with which the person signs in."""

    issuer: Annotated[str | None, Required.true, CaseExact.true] = None
    """The issuer of the identity provider."""

    subject: Annotated[str | None, Required.true, CaseExact.true] = None
    """The ``sub`` of the person at that issuer."""


class MijnOnderwijsUser(Extension):
    """What Mijn Onderwijs registers about a person."""

    __schema__ = URN(USER_EXTENSION)

    affiliations: list[Affiliation] | None = None
    """The relations of the person with institutions."""

    insz: Annotated[str | None, Returned.request, CaseExact.true] = None
    """The Belgian social security number, 11 digits."""

    gender: Annotated[str | None, Returned.request] = Field(None, examples=["M", "F", "X"])
    """M, F or X."""

    birth_date: Annotated[str | None, Returned.request] = None
    """The day of birth, as YYYY-MM-DD."""

    identities: list[Identity] | None = None
    """The accounts with which the person signs in."""


class MijnOnderwijsGroup(Extension):
    """What a group gives to its members."""

    __schema__ = URN(GROUP_EXTENSION)

    theme: str | None = None
    """The slug or the name of the theme."""

    institution: Annotated[str | None, CaseExact.true] = None
    """The number of the institution, 6 digits."""

    status: Annotated[str | None, Mutability.read_only] = Field(
        None, examples=["mapped", "unmapped"]
    )
    """Whether the group gives something."""


class GroupMember(group.GroupMember):
    """A member, with a description of each part: SCIM-SDK reads no schema without (RFC 7643 7).

    It is a person: a group in a group is refused, so the schema does not offer it.
    """

    ref: Annotated[Reference[scim2_models.User[Any]] | None, Mutability.immutable] = Field(  # type: ignore[assignment]  # on purpose
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    """The address of the person."""

    type: Annotated[str | None, Mutability.immutable] = Field(None, examples=["User"])
    """What a member is: a User."""

    display: Annotated[str | None, CaseExact.true] = None
    """A name of the member for people to read."""


class CoreGroup(scim2_models.Group):
    """The core Group of RFC 7643 section 4.2."""

    members: list[GroupMember] | None = None  # type: ignore[assignment]  # on purpose
    """A list of members of the Group."""


class Institution(Resource[Any]):
    """A school, board or other institution."""

    __schema__ = URN(INSTITUTION)

    display_name: Annotated[str | None, Mutability.read_only] = None
    """The name of the institution."""

    number: Annotated[str | None, Mutability.read_only, CaseExact.true, Uniqueness.server] = None
    """The number of the institution, 6 digits."""

    kind: Annotated[str | None, Mutability.read_only] = None
    """school, board, clb, internaat or other."""

    board: Annotated[str | None, Mutability.read_only, CaseExact.true] = None
    """The number of the board that administers it."""

    successor: Annotated[str | None, Mutability.read_only, CaseExact.true] = None
    """The number under which it goes on after a restructuring."""


class Theme(Resource[Any]):
    """A theme of documents."""

    __schema__ = URN(THEME)

    display_name: Annotated[str | None, Mutability.read_only] = None
    """The name of the theme."""

    slug: Annotated[str | None, Mutability.read_only, CaseExact.true, Uniqueness.server] = None
    """The short name of the theme."""

    confidentiality: Annotated[str | None, Mutability.read_only] = None
    """public or confidential."""

    min_level: Annotated[int | None, Mutability.read_only] = None
    """The lowest level of sign-in that may read it."""


User: Final = cast("type[CoreUser]", CoreUser.__class_getitem__(EnterpriseUser | MijnOnderwijsUser))
"""The User with both extensions: the model that judges what clients write."""

Group: Final = cast("type[CoreGroup]", CoreGroup.__class_getitem__(MijnOnderwijsGroup))
"""The Group with our extension."""
