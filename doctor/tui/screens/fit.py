"""Fit: what a model needs under settings that are turned with sliders, and whether it fits on this machine."""

import asyncio
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Mount
from textual.widget import Widget
from textual.widgets import Input

from doctor.errors import DoctorError
from doctor.sizing.settings import AS_STORED, KV_TYPES, Settings
from doctor.text import one_line
from doctor.tui.page import Page, Paragraph
from doctor.tui.screens.room import LAST_KEYS, Room
from doctor.tui.session import Session
from doctor.tui.widgets.detail import Detail
from doctor.tui.widgets.slider import Slider
from doctor.tui.work import work

if TYPE_CHECKING:
    from doctor.collect.fitting import Bench

CONTEXTS = tuple(str(1 << power) for power in range(9, 21))
SLOTS = ("1", "2", "3", "4", "6", "8", "12", "16", "32")
USUAL_CONTEXT = "8192"
SAYS = "Type the path of a GGUF file above, or let a run find the file of a server on this machine."


class FitScreen(Room):
    """The file of the examined model is proposed; any other can be typed."""

    PLACE = "fit"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave_path", "Sliders", show=False), *LAST_KEYS]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.on: Bench | None = None
        self.path = ""
        self.wanted: tuple[Settings, str] | None = None  # the newest question, while an older one is worked on
        self.working = False

    def body(self) -> Iterable[Widget]:
        """The file, the sliders, and below them the answer."""
        yield Vertical(
            Input(placeholder="path of a model file (GGUF)", id="path", select_on_focus=False),
            Slider("context", CONTEXTS, USUAL_CONTEXT, id="context"),
            Slider("slots", SLOTS, "1", id="slots"),
            Slider("KV cache", tuple(KV_TYPES), "f16", id="kv"),
            Slider("weights", (AS_STORED,), AS_STORED, id="quant"),
            Detail(),
            id="fit",
        )

    @on(Mount)
    async def begin(self) -> None:
        """Say what to do until there is a file."""
        await self._say("No model yet", SAYS)
        self.query_one("#context", Slider).focus()

    def draw(self) -> None:
        """Take over the file of the examined model, once it is known."""
        if self.path or not self.is_current:
            return
        proposed = examined_file(self.session)
        if proposed:
            self.query_one("#path", Input).value = proposed
            self._read(proposed)

    @on(Input.Submitted, "#path")
    def typed(self, event: Input.Submitted) -> None:
        """Another file."""
        event.stop()
        if event.value.strip():
            self._read(event.value.strip())
            self.query_one("#context", Slider).focus()

    @on(Slider.Changed)
    def turned(self, event: Slider.Changed) -> None:
        """Another setting."""
        event.stop()
        self._ask()

    def action_leave_path(self) -> None:
        """From the path to the sliders."""
        self.query_one("#context", Slider).focus()

    def _read(self, path: str) -> None:
        self.path = path
        work(self, partial(self._load, path), "load")

    async def _load(self, path: str) -> None:
        """Read the header and look at the machine, away from the loop."""
        await self._say("Reading the file's header and looking at the machine", one_line(path, 200))
        try:
            self.on = await asyncio.to_thread(read_bench, path)
        except (DoctorError, OSError, ValueError, RuntimeError) as error:
            self.on = None
            await self._say("This file cannot be used", one_line(str(error), 400))
            return
        self.query_one("#quant", Slider).offer(tuple(self.on.variants), AS_STORED)
        trained = self.on.model.shape.trained_context
        contexts = [value for value in CONTEXTS if not trained or int(value) < trained] + (
            [str(trained)] if trained else []
        )
        context = self.query_one("#context", Slider)
        context.offer(contexts, context.value if context.value in contexts else contexts[-1])
        self._ask()

    def _ask(self) -> None:
        """Work out the newest question; one at a time, the ones between are dropped."""
        if self.on is None:
            return
        kv = self.query_one("#kv", Slider).value
        settings = Settings(
            context=int(self.query_one("#context", Slider).value),
            slots=int(self.query_one("#slots", Slider).value),
            kv_type_k=kv,
            kv_type_v=kv,
        )
        self.wanted = (settings, self.query_one("#quant", Slider).value)
        if not self.working:
            self.working = True
            work(self, self._answer, "answer")

    async def _answer(self) -> None:
        while self.wanted is not None and self.on is not None:
            (settings, variant), self.wanted = self.wanted, None
            page = await asyncio.to_thread(read_answer, self.on, settings, variant)
            await self.query_one(Detail).tell(page)
        self.working = False

    async def _say(self, title: str, text: str) -> None:
        page = Page(sign="", tone="", status="", title=title, blocks=(Paragraph(text=text),))
        await self.query_one(Detail).tell(page)


def read_bench(path: str) -> "Bench":
    """The model on this machine; everything that takes time is done here. Raises what `bench` raises."""
    from doctor.collect.fitting import bench

    return bench(Path(path).expanduser())


def read_answer(on: "Bench", settings: Settings, variant: str) -> Page:
    """The page for these settings."""
    from doctor.collect.fitting import fitted
    from doctor.tui.fit_page import fit_page

    return fit_page(fitted(on, settings, variant))


def examined_file(session: Session) -> str:
    """The model file of the first server whose file is on this machine; "" when none is."""
    for target in session.progress.targets.values():
        card = target.facts.get("ModelCard")
        path = card.get("file_path") if isinstance(card, dict) else None
        if isinstance(path, str) and path and Path(path).is_absolute() and Path(path).is_file():
            return path
    return ""
