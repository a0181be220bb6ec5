"""The entity filter language: a T-SQL boolean fragment with a tokenizer, a parser and an evaluator of its own.

In come the text of a filter and an entity's columns; out comes a predicate over rows, or FilterError with the words a
database would use. The text never reaches a real SQL engine.
"""
