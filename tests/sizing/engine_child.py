"""What runs in a child process: a real llama.cpp server loads a model, and ends with its standard input.

It logs the sizes of its buffers.

Arguments: a JSON object with the model's path and the server's parameters, llama.cpp's names.
"""

import json
import os
import resource
import sys
from pathlib import Path

import xllamacpp

wanted = json.loads(sys.argv[1])
limit = wanted.pop("limit_bytes", 0)
if limit:
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
parameters = xllamacpp.CommonParams()
parameters.model.path = wanted.pop("model")
parameters.hostnames = ["127.0.0.1"]
parameters.port = 0
parameters.warmup = False
parameters.cpuparams.n_threads = 1
parameters.verbosity = 4  # the first that logs memory sizes
for name, given in wanted.items():
    value = given
    if name.startswith("cache_type"):
        value = getattr(xllamacpp.ggml_type, f"GGML_TYPE_{given.upper()}")
    elif name == "flash_attn_type":
        value = getattr(xllamacpp.llama_flash_attn_type, f"LLAMA_FLASH_ATTN_TYPE_{given}")
    setattr(parameters, name, value)
server = xllamacpp.Server(parameters)
pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
os.write(2, f"address space = {pages * resource.getpagesize()} bytes\n".encode())
sys.stdin.read()
os._exit(0)
