"""llama.cpp's compute graphs, followed as far as memory goes: what is built, where it runs, what shares a place."""
