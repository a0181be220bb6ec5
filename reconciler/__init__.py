"""`reconcile`: a declarative, config-as-code reconciler for a multi-school data estate in England.

Three loops, never mixed: the control loop (files -> documents -> estate -> resources -> plan -> apply -> stored
estate), the data loop (applied estate -> due syncs -> fetch -> map -> classify -> guard -> commit) and the report
loop (store -> report model -> HTML, text, JSON, CSV).
"""

__version__ = "0.1.0"
