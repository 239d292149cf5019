"""Coverage-guided fuzzing of what reads foreign bytes, beside a second reader of the same bytes.

``python -m tests.fuzz TARGET --seconds 60`` searches; ``corpus/TARGET`` holds what is worth trying
first, and what once failed. ``test_corpus.py`` tries all of it in every run of the tests.
"""
