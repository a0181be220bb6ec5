"""What is really there, compared with what is declared and what is stored.

In come the facts that connectors tell of a school and the specs of the files and of the store; out go differences, each
with the one of the three that is the odd one out, notes, and what could not be asked. Nothing here writes anything.
"""
