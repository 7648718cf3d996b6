"""A stand-in for the program ollama: `ollama serve` with its variables, over a real llama.cpp engine.

What the patient is comes in the variable `LLM_WARD_PATIENT` (JSON), so that the program can be stopped and started
again with other `OLLAMA_*` variables by whoever treats it.
"""

import asyncio
import os
import sys
from pathlib import Path

import msgspec

from doctor.ward import gguf_edit, leash
from doctor.ward.ollama_shelf import Role, Variables, shelved

WARD = "LLM_WARD_PATIENT"


async def serve() -> None:
    """Serve where `OLLAMA_HOST` says until the leash is let go."""
    role = msgspec.json.decode(os.environ[WARD], type=Role)
    port = int(os.environ["OLLAMA_HOST"].rpartition(":")[2])
    file = gguf_edit.read(Path(role.file))
    variables = Variables.read(os.environ)
    async with shelved(role, file, variables, port) as url:
        sys.stderr.write(f"Listening on {url}\n")
        await asyncio.Event().wait()


def main() -> None:
    """`ollama serve`, and no other command."""
    if sys.argv[1:] != ["serve"]:
        sys.exit(f'Error: unknown command "{" ".join(sys.argv[1:])}" for "ollama"')
    leash.hold()
    asyncio.run(serve())


if __name__ == "__main__":
    main()
