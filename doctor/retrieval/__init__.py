"""Arithmetic of retrieval: words, questions, keyword ranking, recall. Pure functions; nothing is read or asked."""
