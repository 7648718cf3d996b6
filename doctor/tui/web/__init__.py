"""The face in a browser: the app runs here, a page shows it."""
