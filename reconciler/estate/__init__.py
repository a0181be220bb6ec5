"""The typed declared estate and the rules that hold over the whole of it.

In comes a schema-valid document; out go frozen values and all findings of the whole-estate rules, one module a theme.
Pure: no secret, no network, no database.
"""
