#!/usr/bin/env python3
"""An HTTP service with every bad habit, for the tests of http. Says "port N" and serves.

/echo        the request as JSON            /status/N    that status, with a body
/to?URL      a redirect (302) to URL        /keep?URL    the same with 307
/loop        a redirect to itself           /bytes/N     N bytes of x
/slow        no answer                      /binary      bytes that are no UTF-8
/waiting     how many requests hang in /slow
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

waiting = 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", kind="text/plain", **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def serve(self):
        global waiting
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        path, _, query = self.path.partition("?")
        last = path.rsplit("/", 1)[-1]
        if path == "/slow":
            waiting += 1
            threading.Event().wait(60)
        elif path == "/waiting":
            self.answer(200, str(waiting).encode())
        elif path.startswith("/status/"):
            self.answer(int(last), b"the body of " + last.encode())
        elif path in ("/to", "/keep"):
            self.answer(302 if path == "/to" else 307, Location=unquote(query))
        elif path == "/loop":
            self.answer(302, Location="/loop")
        elif path.startswith("/bytes/"):
            self.answer(200, b"x" * int(last))
        elif path == "/binary":
            self.answer(200, b"\xff\x00\xfe", "application/octet-stream")
        else:
            seen = {name.lower(): value for name, value in self.headers.items()}
            self.answer(200, json.dumps({"method": self.command, "path": self.path, "body": body,
                                         "headers": seen}).encode(), "application/json")

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = serve


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(f"port {server.server_address[1]}", flush=True)
server.serve_forever()
