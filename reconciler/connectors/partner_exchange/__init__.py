"""The `exchange` way out: a small HTTP API of our own that a partner implements (`docs/exchange.openapi.yaml`).

In come messages; out go requests signed with the Data Exchange Key, and receipts or rejections come back.
`token.py` and `wire.py` are pure, `client.py` does the I/O, `connector.py` puts them together.
"""
