"""A chat model for tests that can read and nothing else: it finds the sentence that it is asked for and completes it.

Faults are done for real: a prompt that is cut loses its first words before it is read, and is counted as it was read.
"""

import re
from typing import Any

HEAD = re.compile(r'begins: "(.*?)" Write', re.DOTALL)
PASSAGE = re.compile(r"\[\d+\] ")


def reader(*, window_words: int = 0, passages_read: int = 0, writes: str = ""):
    """An answer for a request body. `window_words` keeps the end of the prompt, `passages_read` the first passages.

    `writes` is what is answered to anything that is no such question.
    """

    def answer(body: dict[str, Any]) -> dict[str, Any]:
        words = " ".join(str(message["content"]) for message in body["messages"]).split(" ")
        read = words[-window_words:] if window_words else words
        prompt = " ".join(read)
        text = completed(prompt, passages_read) or writes or "I do not know."
        counts = {"prompt_tokens": len(prompt.split()), "completion_tokens": len(text.split())}
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return {"id": "x", "object": "chat.completion", "model": "reader", "choices": [choice], "usage": counts}

    return answer


def completed(prompt: str, passages_read: int) -> str:
    """What follows the beginning in the passages; "" when it is not there."""
    asked = HEAD.search(prompt)
    if asked is None:
        return ""
    before = prompt[: asked.start()]
    passages = PASSAGE.split(before)[1:]
    for passage in passages[: passages_read or None]:
        flat = " ".join(passage.split())
        place = flat.find(asked[1])
        if place >= 0:
            rest = flat[place + len(asked[1]) :]
            return re.split(r"(?<=[.!?])\s", rest.strip())[0]
    return ""
