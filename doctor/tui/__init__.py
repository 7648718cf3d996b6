"""The terminal face: the stream of a run's events, shown as it comes. Textual is imported here and nowhere else."""
