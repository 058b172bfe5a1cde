"""SCIM resources to and from the domain, pure: no Flask, no storage, no clock but today's day."""
