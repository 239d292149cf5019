"""Attacks that must fail. ``attacks.py`` lists them; each test says which line it shows."""
