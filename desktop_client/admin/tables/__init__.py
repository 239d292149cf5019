"""Live tables: thousands of rows, sorted, filtered, copied and exported, that never jump."""
