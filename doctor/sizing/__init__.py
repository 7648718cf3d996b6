"""How much memory a model needs and how fast it should be: pure functions and data."""
