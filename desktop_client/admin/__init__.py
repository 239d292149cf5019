"""The admin window: how IT runs a studio."""
