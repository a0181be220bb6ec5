"""The stored estate and its data: SQLAlchemy Core on SQLite and PostgreSQL, Alembic migrations.

In come commits as values; out come state, digests, logs and issues. Each commit is one transaction. Fulfils the ports
of `apply`, `syncs` and `reports`.
"""
