"""The windows: each shows a view value and says what a person asked for, by one signal."""
