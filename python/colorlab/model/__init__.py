"""Generators: their cards, where they are found, and what is checked before one is trusted."""
