"""What runs in a child process: a real llama.cpp server loads a model, logs its buffer sizes, and ends at once.

Arguments: a JSON object with the model's path and the server's parameters, llama.cpp's names.
"""

import json
import os
import resource
import sys

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
for name, value in wanted.items():
    if name.startswith("cache_type"):
        value = getattr(xllamacpp.ggml_type, f"GGML_TYPE_{value.upper()}")
    if name == "flash_attn_type":
        value = getattr(xllamacpp.llama_flash_attn_type, f"LLAMA_FLASH_ATTN_TYPE_{value}")
    setattr(parameters, name, value)
server = xllamacpp.Server(parameters)
with open("/proc/self/statm", encoding="ascii") as file:
    pages = int(file.read().split()[0])
os.write(2, f"address space = {pages * resource.getpagesize()} bytes\n".encode())
os._exit(0)
