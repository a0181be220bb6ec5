"""Reads the systems in which schools hold their data.

In comes what a school declares (address, references to credentials, what it offers); out come canonical source rows,
rejections and rows out of scope, each with a key, and how complete the reading was. Each connector has `client.py`
(I/O only), `mapping.py` (pure) and `connector.py`; `registry.py` names them. Syncs never import a named one.
"""
