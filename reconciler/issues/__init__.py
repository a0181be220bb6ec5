"""Data issues: what a school must mend, found by rules, opened and closed by runs.

In come the rows and events of a run; out go issues with a stable code, the record they are about, a reason, a next
step and an owner. One module a rule, one line in `registry.py`. Pure.
"""
