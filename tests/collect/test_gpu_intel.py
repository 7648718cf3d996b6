"""Intel GPUs from trees of files as the i915 and xe drivers write them."""

from doctor.collect.gpu.intel import read_intel


def add(root, number, address, files):
    device = root / "sys/devices/pci0000:00" / address
    card = root / f"sys/class/drm/card{number}"
    card.mkdir(parents=True)
    device.mkdir(parents=True)
    (card / "device").symlink_to(device)
    for path, text in ({"device/vendor": "0x8086", "device/device": "0x56a0"} | files).items():
        (card / path).parent.mkdir(parents=True, exist_ok=True)
        (card / path).write_text(text)


def test_the_unit_inside_the_processor_is_integrated(tmp_path):
    add(tmp_path, 0, "0000:00:02.0", {"gt_act_freq_mhz": "300\n", "gt_max_freq_mhz": "1300\n"})
    (gpu,) = read_intel(tmp_path)
    assert (gpu.integrated, gpu.unified, gpu.clock_mhz, gpu.clock_max_mhz) == (True, True, 300.0, 1300.0)


def test_a_card_of_its_own_is_not(tmp_path):
    add(tmp_path, 1, "0000:03:00.0", {"lmem_total_bytes": str(16 << 30), "device/tile0/gt0/freq0/act_freq": "2400"})
    (gpu,) = read_intel(tmp_path)
    assert (gpu.integrated, gpu.memory_total_bytes, gpu.clock_mhz) == (False, 16 << 30, 2400.0)
    assert gpu.name == "Intel GPU (0x56a0)"


def test_a_machine_without_one_has_none(tmp_path):
    assert read_intel(tmp_path) == []
