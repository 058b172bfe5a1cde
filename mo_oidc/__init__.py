"""Door 2: an OpenID Connect relying party, every check of the standard written out."""
