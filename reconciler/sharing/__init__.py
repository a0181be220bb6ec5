"""Who and which fields may flow: the scope of a feed, deny by default.

In come source rows and what is offered; out goes what may be held. Rule 51 governs the feed `hub`. Pure.
"""
