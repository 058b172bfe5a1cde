"""Outside judges of a SCIM service, run against any base URL; see README.md here."""
