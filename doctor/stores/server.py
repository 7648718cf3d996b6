"""Which vector store answers at an address, by its own signature."""

from doctor.errors import StoreError, Trouble
from doctor.http import Client
from doctor.text import one_line

SIGNATURE_S = 5.0
CHROMA_PATHS = ("/api/v2/heartbeat", "/api/v1/heartbeat")


async def kind_of_server(url: str) -> str:
    """The name of the store, chroma or qdrant. Raises StoreError for anything else, and when nothing answers."""
    async with Client(url) as client:
        try:
            root = await client.get("/", deadline_s=SIGNATURE_S)
            if b"qdrant" in root.body[:500].lower():
                return "qdrant"
            for path in CHROMA_PATHS:
                if b"nanosecond heartbeat" in (await client.get(path, deadline_s=SIGNATURE_S)).body[:500]:
                    return "chroma"
        except Trouble as error:
            raise StoreError(f"nothing that can be read answers at {one_line(url, 80)}: {error}") from error
    raise StoreError(f"{one_line(url, 80)} is neither a Chroma nor a Qdrant server; --store says what it is")
