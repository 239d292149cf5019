"""The page about machines: their table and cards, one machine in detail, and all that IT does."""
