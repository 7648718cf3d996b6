"""The unicode-stream check on given facts."""

import pytest

from doctor.facts import CopiedLines, CopyPair, Exchange
from tests.given import run_check, symptoms


def pair(streamed: str, whole: str = "東京 北京") -> CopyPair:
    return CopyPair(
        script="Chinese",
        expected="東京 北京",
        streamed=Exchange(purpose="P26", status=200, content=streamed),
        whole=Exchange(purpose="P26 whole", status=200, content=whole),
    )


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([pair("東京 北京")], []),
        ([pair("東� 北京")], ["stream-breaks-script"]),
        ([pair("東� 北京", "東� 北京")], []),
        ([pair("東京 北京�")], []),
        ([pair("��� �京"), pair("東京 北京")], ["stream-breaks-script"]),
    ],
)
async def test_characters_that_only_the_stream_breaks_are_found(pairs: list[CopyPair], expected: list[str]) -> None:
    assert symptoms(await run_check("unicode-stream", [CopiedLines(pairs=tuple(pairs))])) == expected
