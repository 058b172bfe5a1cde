"""The core: people, institutions, themes, groups and who may read what.

Nothing here knows SCIM, OpenID Connect or HTTP. See ``docs/architecture.md`` for the floors.
"""
