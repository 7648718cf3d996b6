"""NVIDIA GPUs. The driver's library is a recorded stand-in; everything above it is ours and real."""

import errno
import os
from types import SimpleNamespace

import pytest

from doctor.collect.gpu.nvidia import fault_of, read_nvidia

GIB = 1 << 30


class NvmlError(Exception):
    def __init__(self, value=3):
        super().__init__("Not Supported" if value == 3 else f"error {value}")
        self.value = value


class Library:
    """NVML with one kind of card; `broken` names the calls that this card or driver does not support."""

    NVMLError = NvmlError
    NVML_ERROR_DRIVER_NOT_LOADED, NVML_ERROR_LIBRARY_NOT_FOUND, NVML_ERROR_LIB_RM_VERSION_MISMATCH = 9, 12, 18
    NVML_ERROR_NO_PERMISSION, NVML_ERROR_UNKNOWN = 4, 999
    NVML_CLOCK_SM, NVML_CLOCK_MEM, NVML_TEMPERATURE_GPU = 1, 2, 0

    def __init__(self, count=1, *, broken=(), init_error=None, name="NVIDIA GeForce RTX 3090", bits=0, mig=0):
        self.count, self.broken, self.init_error = count, set(broken), init_error
        self.name, self.bits, self.mig, self.ended = name, bits, mig, False

    def nvmlInit(self):  # noqa: N802 - the library's name
        if self.init_error is not None:
            raise NvmlError(self.init_error)

    def nvmlShutdown(self):  # noqa: N802 - the library's name
        self.ended = True

    def __getattr__(self, call):
        if not call.startswith("nvml"):
            raise AttributeError(call)

        def answer(*arguments):
            if call in self.broken:
                raise NvmlError
            return getattr(self, "_" + call.removeprefix("nvml"))(*arguments)

        return answer

    def _DeviceGetCount(self):  # noqa: N802
        return self.count

    def _SystemGetDriverVersion(self):  # noqa: N802
        return b"570.86.15"

    def _DeviceGetHandleByIndex(self, index):  # noqa: N802
        return index

    def _DeviceGetName(self, _):  # noqa: N802
        return self.name

    def _DeviceGetMemoryInfo(self, handle):  # noqa: N802
        total = 10 * GIB if isinstance(handle, str) else 24 * GIB
        return SimpleNamespace(total=total, used=6 * GIB, free=total - 6 * GIB)

    def _DeviceGetUtilizationRates(self, _):  # noqa: N802
        return SimpleNamespace(gpu=97, memory=60)

    def _DeviceGetPowerUsage(self, _):  # noqa: N802
        return 348_000

    def _DeviceGetEnforcedPowerLimit(self, _):  # noqa: N802
        return 350_000

    def _DeviceGetTemperature(self, *_):  # noqa: N802
        return 71

    def _DeviceGetClockInfo(self, _, kind):  # noqa: N802
        return {1: 1200, 2: 9751}[kind]

    def _DeviceGetMaxClockInfo(self, _, kind):  # noqa: N802
        return {1: 2100, 2: 9751}[kind]

    def _DeviceGetMemoryBusWidth(self, _):  # noqa: N802
        return 384

    def _DeviceGetCurrentClocksThrottleReasons(self, _):  # noqa: N802
        return self.bits

    def _DeviceGetMigMode(self, _):  # noqa: N802
        return [1 if self.mig else 0, 0]

    def _DeviceGetMaxMigDeviceCount(self, _):  # noqa: N802
        return 7

    def _DeviceGetMigDeviceHandleByIndex(self, handle, index):  # noqa: N802
        if index >= self.mig:
            raise NvmlError
        return f"slice {index} of {handle}"

    def _DeviceGetComputeRunningProcesses(self, _):  # noqa: N802
        return [
            SimpleNamespace(pid=os.getpid(), usedGpuMemory=5 * GIB),
            SimpleNamespace(pid=(1 << 22) + 7, usedGpuMemory=None),
        ]

    def _DeviceGetGraphicsRunningProcesses(self, _):  # noqa: N802
        return [SimpleNamespace(pid=os.getpid(), usedGpuMemory=(1 << 64) - 1)]

    def _DeviceGetProcessUtilization(self, *_):  # noqa: N802
        return [SimpleNamespace(pid=os.getpid(), smUtil=88), SimpleNamespace(pid=4, smUtil=4294967295)]

    def _SystemGetProcessName(self, _):  # noqa: N802
        return b"/usr/bin/game --flag"


def test_a_card_is_described_with_its_tenants():
    library = Library(bits=0x04 | 0x01 | 0x02 | 0x40)
    (gpu,), notes = read_nvidia(library)
    assert notes == []
    assert library.ended
    assert (gpu.name, gpu.driver, gpu.memory_free_bytes) == ("NVIDIA GeForce RTX 3090", "570.86.15", 18 * GIB)
    assert (gpu.utilisation, gpu.power_w, gpu.power_limit_w, gpu.clock_mhz) == (0.97, 348.0, 350.0, 1200)
    assert gpu.memory_bandwidth_bytes_s == pytest.approx(936e9, rel=0.01)
    assert gpu.throttle == ("power-cap", "hardware-thermal")
    largest, other = gpu.tenants
    assert (largest.pid, largest.memory_bytes, largest.utilisation) == (os.getpid(), 5 * GIB, 0.88)
    assert (other.name, other.memory_bytes) == ("game", None)


@pytest.mark.parametrize("bits", [0x0, 0x1, 0x2, 0x10, 0x100, 0x1 | 0x2])
def test_an_idle_card_or_a_set_clock_is_not_throttled(bits):
    (gpu,), _ = read_nvidia(Library(bits=bits))
    assert gpu.throttle == ()


def test_what_a_card_does_not_support_is_unknown_and_the_rest_is_told():
    every = [name.replace("_", "nvml", 1) for name in vars(Library) if name.startswith(("_Device", "_System"))]
    (gpu,), _ = read_nvidia(
        Library(broken=set(every) - {"nvmlDeviceGetCount", "nvmlDeviceGetHandleByIndex"}, name=b"x")
    )
    assert gpu.name == "NVIDIA GPU 0"
    assert gpu.memory_total_bytes is None
    assert gpu.memory_bandwidth_bytes_s is None
    assert gpu.tenants == ()


def test_a_name_in_bytes_is_a_name():
    (gpu,), _ = read_nvidia(Library(name=b"NVIDIA H200\x1b[31m"))
    assert gpu.name == "NVIDIA H200"


def test_sixteen_cards_are_sixteen_devices():
    devices, _ = read_nvidia(Library(count=16))
    assert [gpu.index for gpu in devices] == list(range(16))


def test_a_divided_card_is_its_slices():
    devices, _ = read_nvidia(Library(mig=2))
    assert [gpu.memory_total_bytes for gpu in devices] == [10 * GIB, 10 * GIB]


def test_one_dead_card_is_a_note():
    devices, notes = read_nvidia(Library(count=1, broken={"nvmlDeviceGetHandleByIndex"}))
    assert devices == []
    assert notes == ["GPU 0 of the NVIDIA driver cannot be read: Not Supported"]


@pytest.mark.parametrize("code", [9, 12])
def test_a_machine_without_the_driver_is_a_normal_machine(code):
    assert read_nvidia(Library(init_error=code)) == ([], [])


def test_a_driver_that_was_updated_under_way_is_named():
    devices, (note,) = read_nvidia(Library(init_error=18))
    assert devices == []
    assert "until a restart" in note


def test_a_driver_in_trouble_is_a_note():
    assert read_nvidia(Library(init_error=15)) == ([], ["the NVIDIA driver does not answer: error 15"])


def refusing(code):
    def opened():
        raise OSError(code, "refused")

    return opened


@pytest.mark.parametrize(
    ("init_error", "opened", "fault"),
    [
        (18, refusing(errno.EPERM), "restart-needed"),
        (999, refusing(errno.EPERM), "refused"),
        (4, refusing(errno.EPERM), "refused"),
        (999, refusing(errno.EACCES), ""),  # this user lacks the permission: the server may have it
        (999, refusing(errno.ENOENT), ""),
        (999, lambda: os.open(os.devnull, os.O_RDONLY), ""),
        (9, refusing(errno.EPERM), ""),
        (None, refusing(errno.EPERM), ""),
    ],
)
def test_only_two_refusals_of_the_driver_have_one_meaning(init_error, opened, fault):
    assert fault_of(Library(init_error=init_error), opened) == fault
