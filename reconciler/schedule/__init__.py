"""What is due when: named times in the hub's zone, one run a slot across clock changes, blackouts, catch-up.

In come lines (one kind of run at one school), blackouts, what the ledger holds and the time; out go verdicts: run,
missed, skipped. Pure: no clock is read here, and a slot is known by its local date and label, not by a timestamp.
"""
