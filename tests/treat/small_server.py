"""A server for restarts: `python small_server.py PORT MODEL [--dies] [--slow S]`, a model list and nothing else.

Standard library only, so that it starts in a tenth of a second. It ends with the leash that tests hold.
"""

import json
import os
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

port, model, *rest = sys.argv[1:]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        found = self.path == "/v1/models"
        named = f"{model} {os.environ.get('FLAVOUR', '')}".strip()
        body = json.dumps({"object": "list", "data": [{"id": named, "object": "model"}]} if found else {}).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def leave_with_the_keeper():
    try:
        with socket.create_connection(("127.0.0.1", int(os.environ["LLM_WARD_LEASH"]))) as held:
            held.recv(1)
    except OSError:
        pass
    os._exit(0)


threading.Thread(target=leave_with_the_keeper, daemon=True).start()
if "--dies" in rest:
    print("error: invalid argument: --dies", flush=True)
    sys.exit(1)
if "--slow" in rest:
    time.sleep(float(rest[rest.index("--slow") + 1]))
HTTPServer.allow_reuse_address = True
HTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()
