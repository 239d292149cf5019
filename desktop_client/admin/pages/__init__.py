"""The admin window's pages: what they show is made by pure functions beside them."""
