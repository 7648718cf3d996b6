"""The screens as they are drawn, compared with stored pictures: three sizes, both themes, on stored events."""

from importlib.metadata import version

import pytest
from textual.widgets import Input

from doctor.sizing.fit import Room
from doctor.tui.screens import fit as fit_screen
from tests.tui import machine, stories, treatments
from tests.tui.test_app import settled
from tests.tui.test_places import worked

# Another release of Textual draws borders, scroll bars and shades differently; the pictures are of this one.
DRAWN_WITH = "8.2."
pytestmark = pytest.mark.skipif(
    not version("textual").startswith(DRAWN_WITH), reason=f"the pictures were drawn with Textual {DRAWN_WITH}x"
)

STORIES = {
    "sick": stories.sick,
    "healthy": stories.healthy,
    "nothing": stories.nothing,
    "under_way": lambda: stories.under_way("decode-rate"),
}
SIZES = [(80, 24), (40, 24), (200, 60)]
SHAPES = [(size, theme) for size in SIZES for theme in ("dark", "light")]
SHAPE_IDS = [f"{width}x{height}-{theme}" for (width, height), theme in SHAPES]
PLACES = {
    "overview": ("overview", ()),
    "causes": ("causes", ()),
    "detail": ("causes", ("down", "down", "down", "enter", "end")),
    "playbook": ("causes", ("f",)),
    "fit": ("fit", ()),
    "history": ("history", ()),
    "report": ("report", ()),
    "help": ("overview", ("question_mark",)),
}


@pytest.fixture
def one_machine(monkeypatch):
    """The fit screen on the ward's model and a machine whose memory stands still."""
    from doctor.ward.engine import PATIENT

    bench = fit_screen.read_bench

    def fixed(path):
        from msgspec.structs import replace

        found = bench(str(PATIENT))
        return replace(
            found,
            room=Room(host_bytes=20e6, name="this machine"),
            devices=replace(found.devices, host=None, notes=()),
            amx=False,
            backend="cpu",
        )

    monkeypatch.setattr(fit_screen, "read_bench", fixed)
    monkeypatch.setattr(fit_screen, "examined_file", lambda session: "/srv/models/patient.q8_0.gguf")


def pressing(theme, *keys):
    async def run_before(pilot):
        await settled(pilot)
        if theme == "light":
            pilot.app.action_light_or_dark()
        await pilot.press(*keys)
        await worked(pilot.app, pilot)
        for field in pilot.app.screen.query(Input):
            field.cursor_blink = False
        await pilot.pause()

    return run_before


@pytest.mark.parametrize(("size", "theme"), SHAPES, ids=SHAPE_IDS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.usefixtures("one_machine")
def test_screen(snap_compare, place, size, theme):
    first, keys = PLACES[place]
    assert snap_compare(machine.watched(first=first), terminal_size=size, run_before=pressing(theme, *keys))


@pytest.mark.parametrize(("size", "theme"), SHAPES, ids=SHAPE_IDS)
@pytest.mark.parametrize("moment", ["asking", "fixed"])
def test_treatment(snap_compare, moment, size, theme):
    async def run_before(pilot):
        await pressing(theme)(pilot)
        await treatments.shown(pilot.app, pilot, treatments.MOMENTS[moment])

    assert snap_compare(machine.watched(first="causes"), terminal_size=size, run_before=run_before)


@pytest.mark.parametrize("moment", ["looking", "doing", "verifying", "unchanged", "worse", "failed", "undone"])
def test_moment_of_a_treatment(snap_compare, moment):
    async def run_before(pilot):
        await pressing("dark")(pilot)
        await treatments.shown(pilot.app, pilot, treatments.MOMENTS[moment])

    assert snap_compare(machine.watched(first="causes"), terminal_size=(80, 24), run_before=run_before)


@pytest.mark.parametrize(("size", "theme"), SHAPES, ids=SHAPE_IDS)
@pytest.mark.parametrize("moment", treatments.INQUIRIES)
def test_asking(snap_compare, moment, size, theme):
    async def run_before(pilot):
        await pressing(theme)(pilot)
        treatments.inquired(pilot.app, treatments.INQUIRIES[moment])
        await settled(pilot)

    assert snap_compare(machine.watched(first="ask"), terminal_size=size, run_before=run_before)


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("first", ["overview", "causes"])
def test_story(snap_compare, story, first):
    app = stories.app(STORIES[story](), first=first)
    assert snap_compare(app, terminal_size=(80, 24), run_before=pressing("dark"))


@pytest.mark.parametrize(
    "keys",
    [("enter", "tab", "tab"), ("down", "down"), ("s",), ("ctrl+p",)],
    ids=["step", "finding", "save", "palette"],
)
def test_after_keys(snap_compare, keys):
    app = stories.app(stories.sick())
    assert snap_compare(app, terminal_size=(80, 24), run_before=pressing("dark", *keys))


def test_what_happened_meanwhile(snap_compare):
    app = machine.watched(throttled=True)
    app.session.note("NVIDIA GeForce RTX 3060 began to throttle (thermal)")
    assert snap_compare(app, terminal_size=(120, 40), run_before=pressing("dark"))


def test_too_small(snap_compare):
    assert snap_compare(stories.app(stories.sick()), terminal_size=(20, 5), run_before=settled)
