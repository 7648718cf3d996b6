"""Diagnose local LLM runtimes: causes, not symptoms, with the numbers that prove them."""

__version__ = "0.1.0"
