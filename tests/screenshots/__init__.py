"""Pictures of every window and state, in both languages and both themes: ``make screenshots``."""
