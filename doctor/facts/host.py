"""Facts about the machine that the doctor runs on."""

from doctor.facts.fact import Fact

SMALL_BYTES = 3 << 30  # a smaller card holds so little that runtimes leave it out


class System(Fact, frozen=True, kw_only=True):
    """The operating system; `os` is `linux`, `darwin` or `windows`."""

    os: str
    release: str = ""
    arch: str = ""
    container: str | None = None  # "docker", "podman", "kubernetes", ... or None on a plain machine
    wsl: bool = False
    on_battery: bool | None = None


class Memory(Fact, frozen=True, kw_only=True):
    """RAM and swap in bytes. `limit_bytes` is the cgroup's limit when it is below the RAM."""

    total_bytes: int
    available_bytes: int
    swap_total_bytes: int = 0
    swap_used_bytes: int = 0
    limit_bytes: int | None = None
    limit_used_bytes: int | None = None  # page cache that can be dropped is not counted
    oom_kills: int | None = None  # processes killed in this cgroup so far
    wsl_host_total_bytes: int | None = None


class Swapping(Fact, frozen=True, kw_only=True):
    """Swap traffic between two samples."""

    in_bytes_s: float
    out_bytes_s: float
    seconds: float
    reread_bytes_s: float = 0.0  # file pages (a mapped model) read again right after they had been dropped


class Cpu(Fact, frozen=True, kw_only=True):
    """The processor. `quota_cores` is a cgroup's limit; `flags` are lower-case names as in /proc/cpuinfo."""

    name: str = ""
    physical_cores: int | None = None
    logical_cores: int = 1
    performance_cores: int | None = None
    quota_cores: float | None = None
    numa_nodes: int = 1
    flags: tuple[str, ...] = ()
    flags_known: bool = False


class BusyProcess(Fact, frozen=True, kw_only=True):
    """A process at work; `cores` is how many logical cores it kept busy."""

    pid: int
    name: str
    cores: float


class CpuLoad(Fact, frozen=True, kw_only=True):
    """Share of all logical cores in use while nothing was asked of the model, 0 to 1, and the busiest others."""

    busy_share: float
    seconds: float
    busiest: tuple[str, ...] = ()
    processes: tuple[BusyProcess, ...] = ()  # the same, with numbers


class Tenant(Fact, frozen=True, kw_only=True):
    """A process that holds memory on a GPU."""

    pid: int
    name: str
    memory_bytes: int | None = None
    utilisation: float | None = None  # of the whole GPU's time, 0 to 1


class Gpu(Fact, frozen=True, kw_only=True):
    """One graphics processor. On a unified-memory machine `unified` is true and the memory is the machine's RAM."""

    index: int
    name: str
    vendor: str  # "nvidia", "amd", "intel", "apple"
    memory_total_bytes: int | None = None
    memory_used_bytes: int | None = None
    memory_free_bytes: int | None = None
    unified: bool = False
    integrated: bool = False
    utilisation: float | None = None  # 0 to 1
    temperature_c: float | None = None
    power_w: float | None = None
    power_limit_w: float | None = None
    clock_mhz: float | None = None
    clock_max_mhz: float | None = None
    throttle: tuple[str, ...] = ()  # reasons active now: "thermal", "power-cap", "hardware-slowdown", ...
    memory_bandwidth_bytes_s: float | None = None
    driver: str = ""
    tenants: tuple[Tenant, ...] = ()
    source: str = ""


class Gpus(Fact, frozen=True, kw_only=True):
    """All GPUs; empty on a machine without one, which is a normal machine. `notes` say what could not be read.

    `fault`: why an installed driver works for no program: "restart-needed" (it was updated under its old module),
    "refused" (the device is there and the kernel forbids it, as in a container that lost it); "" otherwise.
    """

    devices: tuple[Gpu, ...] = ()
    notes: tuple[str, ...] = ()
    fault: str = ""

    @property
    def usable(self) -> tuple[Gpu, ...]:
        """Graphics cards that a runtime would put a model on: none in the processor, none too small for one."""
        return tuple(g for g in self.devices if not g.integrated and (g.memory_total_bytes or 1 << 40) >= SMALL_BYTES)


class GpusAtWork(Fact, frozen=True, kw_only=True):
    """The GPUs while the model decoded: highest utilisation, lowest clock and every throttle reason met then."""

    devices: tuple[Gpu, ...]
    samples: int


class Bandwidth(Fact, frozen=True, kw_only=True):
    """Memory bandwidth of the processor's RAM as measured by reading and copying for under a second."""

    read_bytes_s: float
    threads: int
    seconds: float
    spread: float = 0.0  # (max - min) / max over the repeats
    method: str = ""


class Environment(Fact, frozen=True, kw_only=True):
    """Variables of our own shell that matter here: an allow-list, values of secrets never included."""

    variables: dict[str, str] = {}
