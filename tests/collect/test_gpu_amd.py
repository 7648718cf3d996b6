"""AMD GPUs from trees of files as the amdgpu driver writes them."""

from doctor.collect.gpu.amd import read_amd

GIB = 1 << 30


def add(root, number, vendor="0x1002", **files):
    device = root / f"sys/class/drm/card{number}/device"
    for path, text in (
        {"vendor": vendor, "device": "0x744c"} | {k.replace("__", "/"): v for k, v in files.items()}
    ).items():
        target = device / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(str(text))


def test_a_card_is_described(tmp_path):
    add(
        tmp_path,
        0,
        mem_info_vram_total=24 * GIB,
        mem_info_vram_used=4 * GIB,
        gpu_busy_percent="98\n",
        mem_busy_percent="50\n",
        pp_dpm_sclk="0: 500Mhz\n1: 1900Mhz *\n2: 2500Mhz\n",
        hwmon__hwmon3__temp1_input="65000",
        hwmon__hwmon3__power1_average="290000000",
        hwmon__hwmon3__power1_cap="339000000",
    )
    names = tmp_path / "usr/share/hwdata/pci.ids"
    names.parent.mkdir(parents=True)
    names.write_text("1001  Other\n\t744c  Wrong\n1002  AMD\n\t7440  Near\n\t744c  Navi 31 [Radeon RX 7900 XTX]\n")
    (tmp_path / "sys/class/drm/card0-DP-1").mkdir()
    (gpu,) = read_amd(tmp_path)
    assert (gpu.name, gpu.vendor, gpu.integrated) == ("Navi 31 [Radeon RX 7900 XTX]", "amd", False)
    assert (gpu.memory_total_bytes, gpu.memory_free_bytes) == (24 * GIB, 20 * GIB)
    assert (gpu.clock_mhz, gpu.clock_max_mhz, gpu.utilisation) == (1900.0, 2500.0, 0.98)
    assert (gpu.temperature_c, gpu.power_w, gpu.power_limit_w) == (65.0, 290.0, 339.0)


def test_a_chip_with_shared_memory_counts_what_it_may_map(tmp_path):
    add(tmp_path, 1, mem_info_vram_total=GIB, mem_info_vram_used=0, mem_info_gtt_total=31 * GIB, mem_info_gtt_used=GIB)
    (gpu,) = read_amd(tmp_path)
    assert (gpu.integrated, gpu.unified, gpu.memory_total_bytes, gpu.memory_used_bytes) == (True, True, 32 * GIB, GIB)


def test_unreadable_and_senseless_files_are_unknown(tmp_path):
    add(tmp_path, 0, mem_info_vram_total="garbage", gpu_busy_percent="", pp_dpm_sclk="\x00\xff", mem_busy_percent="")
    (gpu,) = read_amd(tmp_path)
    assert (gpu.memory_total_bytes, gpu.utilisation, gpu.clock_mhz) == (None, None, None)
    assert gpu.name == "AMD GPU (0x744c)"


def test_who_computes_is_told_where_there_is_one_card(tmp_path):
    add(tmp_path, 0, mem_info_vram_total=8 * GIB)
    held = tmp_path / "sys/class/kfd/kfd/proc/4194999/vram_4711"
    held.parent.mkdir(parents=True)
    held.write_text(str(3 * GIB))
    (gpu,) = read_amd(tmp_path)
    assert [(tenant.pid, tenant.memory_bytes) for tenant in gpu.tenants] == [(4194999, 3 * GIB)]


def test_cards_of_others_are_left_to_others(tmp_path):
    add(tmp_path, 0, vendor="0x8086")
    assert read_amd(tmp_path) == []
    assert read_amd(tmp_path / "nowhere") == []
