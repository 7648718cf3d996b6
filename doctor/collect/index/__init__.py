"""Facts about an open index: what its store says, what a sample shows, and what its embedder makes of it."""
