"""What a treatment can do, as values that are written down before they are done. Bytes are JSON's base64."""

import msgspec


class Act(msgspec.Struct, frozen=True, kw_only=True, tag_field="act"):
    """Settings shared by all acts; `say` is the sentence that the user agreed to."""

    say: str = ""


class Before(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it was: where its bytes are kept, and who may do what with it. `kept` is "" where there was none."""

    path: str  # the file itself, links followed
    kept: str = ""  # name of the copy in the treatment's folder
    digest: str = ""
    mode: int = 0o644
    owner: int = -1
    group: int = -1
    folders: tuple[str, ...] = ()  # that are made for it, outermost first


class Edit(Act, frozen=True, kw_only=True, tag="edit"):
    """A file gets a new content; `temporary` is the name under which it is written first."""

    before: Before
    content: bytes
    digest: str
    temporary: str


class Unit(Act, frozen=True, kw_only=True, tag="unit"):
    """A drop-in of a user's systemd unit, which is then read and the unit started again."""

    edit: Edit
    name: str


class Send(Act, frozen=True, kw_only=True, tag="send"):
    """A request to the server; `makes` is the model that it brings into being, "" for none."""

    origin: str
    method: str
    path: str
    body: object = None
    makes: str = ""
    undo_method: str = ""
    undo_path: str = ""
    undo_body: object = None


class Run(Act, frozen=True, kw_only=True, tag="run"):
    """A program with its arguments; the first word is an absolute path."""

    command: tuple[str, ...]
    undo: tuple[str, ...] = ()


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """All that is needed to start a server: words, variables, folder, and the file that gets what it prints."""

    command: tuple[str, ...]
    environment: dict[str, str]
    folder: str
    log: str


class Restart(Act, frozen=True, kw_only=True, tag="restart"):
    """A process of the user's is stopped and started again with another command line or other variables."""

    pid: int
    created_s: float
    old: Start
    new: Start
    url: str


AnyAct = Edit | Unit | Send | Run | Restart


class Began(msgspec.Struct, frozen=True, kw_only=True, tag_field="record", tag="began"):
    """A treatment: of what, where and when."""

    id: str
    cause: str
    say: str
    url: str
    time: str
    version: str


class Doing(msgspec.Struct, frozen=True, kw_only=True, tag_field="record", tag="doing"):
    """The next act, about to be done."""

    number: int
    act: AnyAct


class Started(msgspec.Struct, frozen=True, kw_only=True, tag_field="record", tag="started"):
    """A process that an act has started."""

    number: int
    pid: int
    created_s: float


class Did(msgspec.Struct, frozen=True, kw_only=True, tag_field="record", tag="did"):
    """The act is done."""

    number: int


class Undid(msgspec.Struct, frozen=True, kw_only=True, tag_field="record", tag="undid"):
    """The act was taken back."""

    number: int


class Ended(msgspec.Struct, frozen=True, kw_only=True, tag_field="record", tag="ended"):
    """The treatment is over: `fixed`, `better`, `unchanged`, `worse`, `unknown`, or `undone`."""

    outcome: str


Record = Began | Doing | Started | Did | Undid | Ended
