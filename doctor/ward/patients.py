"""Patients: a TOML file each, with an engine, what was made ill on purpose, and what must be found.

    title = "The file holds not-a-number weights"
    engine = "llama.cpp"            # llama.cpp, gateway, ollama, vllm, koboldcpp, fault or none
    variant = "weights_nan"         # of variants.py; "" = the patient as it is

    [expect]
    causes = ["garbage-corrupt-file"]
    exit_code = 2

The file's name is the patient's id. `healthy` patients expect nothing and exit code 0.
"""

import tomllib
from pathlib import Path

import msgspec

from doctor.context import Target
from doctor.errors import WardError
from doctor.model import Depth
from doctor.ward.call_faults import CallFaults
from doctor.ward.engine import Settings
from doctor.ward.facade_ollama import Faults
from doctor.ward.gateway import Habits
from doctor.ward.ollama_shapes import Claims
from doctor.ward.ollama_shelf import Machine

FOLDER = Path(__file__).with_name("patients")
DEFAULT = "broken-template"
ENGINES = ("llama.cpp", "gateway", "ollama", "vllm", "koboldcpp", "fault", "none")


class Expect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a diagnosis must say: causes confirmed, symptoms that no cause explains, and the exit code."""

    causes: tuple[str, ...] = ()
    symptoms: tuple[str, ...] = ()
    exit_code: int = 0


class Visit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the doctor is sent there."""

    model: str = ""
    api_key: str = ""
    path: str = ""
    depth: Depth = Depth.QUICK


class Patient(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One patient as its file describes it."""

    id: str = ""
    title: str
    engine: str
    variant: str = ""
    behind: str = ""  # ollama: the variant that really computes, while `variant` is what the server shows
    sound_on_cpu: bool = False  # ollama: the processor computes what `variant` shows
    behaviour: str = ""  # fault: of fault_server.py
    elsewhere: bool = False  # none: a healthy server listens on another port
    settings: Settings = Settings()
    environment: dict[str, str] = {}  # ollama: variables of the server
    machine: Machine = Machine()  # ollama: what its computer has
    claims: Claims = Claims()
    faults: Faults = Faults()
    calls: CallFaults = CallFaults()  # ollama, vllm: what is wrong with tool calls
    gateway: Habits = Habits()
    busy: int = 0  # slots of a llama.cpp engine that work for others while the doctor is there
    visit: Visit = Visit()
    expect: Expect = Expect()

    @property
    def healthy(self) -> bool:
        """Whether nothing must be found."""
        return not self.expect.causes and not self.expect.symptoms

    def target(self, url: str) -> Target:
        """What to examine when the patient answers at `url`."""
        return Target(url=url, model=self.visit.model, api_key=self.visit.api_key, origin="ward")


def load(path: Path) -> Patient:
    """A patient from its file. Raises WardError with the field that is wrong."""
    try:
        fields = tomllib.loads(path.read_text(encoding="utf-8"))
        patient = msgspec.convert({**fields, "id": path.stem}, Patient)
    except OSError as error:
        raise WardError(f"the patient's file {path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise WardError(f"the patient's file {path} is wrong: {error}") from error
    if patient.engine not in ENGINES:
        raise WardError(f"the patient's file {path} names the engine {patient.engine!r}; known: {', '.join(ENGINES)}")
    return patient


def shipped() -> tuple[Patient, ...]:
    """All patients that come with the program, by id."""
    return tuple(load(path) for path in sorted(FOLDER.glob("*.toml")))


def patient(name: str = DEFAULT) -> Patient:
    """A shipped patient by its id, or one from a file of the user's. Raises WardError."""
    if name.endswith(".toml"):
        return load(Path(name))
    path = FOLDER / f"{name}.toml"
    if not name.replace("-", "").isalnum() or not path.is_file():
        known = ", ".join(sorted(entry.stem for entry in FOLDER.glob("*.toml")))
        raise WardError(f"there is no patient {name!r}; there are: {known}")
    return load(path)
