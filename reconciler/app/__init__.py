"""The composition root: one module a verb group, the only place where the parts are put together.

In come settings and the options of a command; out go values that `cli` renders, with an exit code.
"""
