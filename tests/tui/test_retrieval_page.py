"""The page of an examined index, on a stored run: the chart, the worst questions, their texts from the open index."""

from importlib.metadata import version

import msgspec
import pytest

from doctor.context import Target
from doctor.events import RunBegan, RunEnded, TargetEnded, TargetKnown
from doctor.tui.page import Bullet, Code, Heading, Paragraph
from tests.rag.retrieved import FACTS, open_index
from tests.tui import stories
from tests.tui.test_app import settled
from tests.tui.test_snapshots import DRAWN_WITH

URL = "chroma:/srv/handbook#docs"


def examined(facts=FACTS):
    """A healthy index of which questions were asked."""
    report = msgspec.structs.replace(
        stories.target_report(URL, "all-minilm", [], stories.diagnosis([])), facts=facts, runtime="llama.cpp"
    )
    target = Target(url=URL, origin="rag", index=open_index())
    return [
        RunBegan(targets=(target,), checks=()),
        TargetKnown(url=URL, runtime="llama.cpp", version="", model="all-minilm"),
        TargetEnded(report=report),
        RunEnded(report=stories.report_of(report)),
    ]


async def shown(events):
    app = stories.app(events)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        return app.main.query_one("Detail").page.blocks


async def test_chart_and_worst_questions_are_on_the_page_of_the_index():
    blocks = await shown(examined())
    (chart,) = [block.text for block in blocks if isinstance(block, Code)]
    assert "as it is, first 4" in chart
    assert " 70%" in chart
    assert "The worst of 6 questions that failed" in [b.text for b in blocks if isinstance(b, Heading)]
    assert '"question about zanzibar 18"' in [b.text for b in blocks if isinstance(b, Bullet)]
    instead = [b.text for b in blocks if isinstance(b, Paragraph) and b.text.startswith("instead c3")]
    assert instead == ["instead c3: the quokka of chunk 3"]


async def test_a_target_without_questions_has_no_such_section():
    assert not [block for block in await shown(examined({})) if isinstance(block, Code)]


@pytest.mark.skipif(
    not version("textual").startswith(DRAWN_WITH), reason=f"the pictures were drawn with Textual {DRAWN_WITH}x"
)
@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_drawn(snap_compare, size):
    assert snap_compare(stories.app(examined()), terminal_size=size, run_before=settled)
