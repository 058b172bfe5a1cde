"""One file per capability over SQLite or PostgreSQL; every statement is SQLAlchemy Core."""
