"""Questions put to the model, one probe a file. Only this package imports the OpenAI client, and only when it asks."""
