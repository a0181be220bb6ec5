"""The partners' side of the exchange API (`docs/exchange.openapi.yaml`), for the demo, the guides and tests.

In come HTTP requests on loopback; `partner.py` is one school's answers and what it holds, `server.py` speaks HTTP.
"""
