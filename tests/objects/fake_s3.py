#!/usr/bin/env python3
"""An S3 endpoint in memory, for tests: checks signatures, pages listings, fails on request.

  fake_s3.py [--tls CERTIFICATE KEY]    prints "port N" and serves until it is killed

Buckets: "data" and "out"; "locked" refuses everybody. A part of a key names a fault that the first
requests for that key meet, e.g. "503x2" (status 503, twice), "cutx1" (the connection ends within
the body), "closex1" (it ends before an answer), "slowdownx1", "stallx1" (no answer for a while),
"bodyfaultx1" (a POST answered 200 with an error in it), "lostx1" (done, but the connection ends
before the answer). GET /_requests tells, unsigned, what has been asked for: one line each.
"""

import argparse
import hashlib
import re
import ssl
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.sax.saxutils import escape

sys.path.insert(0, str(Path(__file__).resolve().parent))
import sigv4_check  # noqa: E402

REGION = "eu-test-1"
KEYS = {"AKIDTEST": ("secret/with+chars", None), "AKIDTEMP": ("temporary", "token/+=")}
PAGE_MAX = 7
MODIFIED = ("2026-09-23T22:59:12.000Z", "Wed, 23 Sep 2026 22:59:12 GMT")
FAULT = re.compile(r"(?:^|/)([a-z]+|\d+)x(\d+)(?=/|$)")
STALL_SECONDS = 30


class World:
    """What the endpoint holds. Guarded by `lock`."""

    def __init__(self):
        self.lock = threading.Lock()
        self.buckets = {"data": {}, "out": {}, "locked": {}}
        self.uploads = {}
        self.faults_met = {}
        self.requests = []
        self.stopping = threading.Event()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    world = World()

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if not any(name == "Content-Length" for name, _ in headers):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status, code, message=""):
        body = "" if self.command == "HEAD" else \
            f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        self.answer(status, body.encode())

    def hang_up(self):
        self.close_connection = True
        self.connection.close()

    def serve(self):
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        if self.path == "/_requests":
            return self.answer(200, "\n".join(self.world.requests).encode())
        headers = {name.lower(): value for name, value in self.headers.items()}
        path, _, query = self.path.partition("?")
        fields = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        host = headers["host"].split(":")[0]
        key = urllib.parse.unquote(path)[1:]
        if host.endswith(".localhost"):
            bucket = host[:-len(".localhost")]
        else:
            bucket, _, key = key.partition("/")
        with self.world.lock:
            self.world.requests.append(f"{self.command} {bucket} {key} {query} "
                                       f"{headers.get('range', '')}".rstrip())
        found = sigv4_check.fault(self.command, self.path, headers, body, KEYS, REGION)
        if found:
            return self.refuse(403, *found)
        if bucket == "locked":
            return self.refuse(403, "AccessDenied", "Access Denied")
        if bucket not in self.world.buckets:
            return self.refuse(404, "NoSuchBucket", "The specified bucket does not exist")
        fault = self.next_fault(key or fields.get("prefix", ""), fields)
        if fault:
            return self.fail(fault, bucket, key, fields, body)
        return self.act(bucket, key, fields, headers, body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = serve

    def next_fault(self, key, fields):
        found = FAULT.search(key)
        if not found:
            return None
        fault = found.group(1)
        ends_upload = self.command == "POST" and "uploadId" in fields
        if fault in ("bodyfault", "lost") and not ends_upload:
            return None
        with self.world.lock:
            met = self.world.faults_met.get((self.command, key), 0)
            if met >= int(found.group(2)):
                return None
            self.world.faults_met[(self.command, key)] = met + 1
        return fault

    def fail(self, fault, bucket, key, fields, body):
        if fault.isdigit():
            self.refuse(int(fault), "InternalError", "please try again")
        elif fault == "slowdown":
            self.refuse(503, "SlowDown", "Please reduce your request rate.")
        elif fault == "stall":
            self.world.stopping.wait(STALL_SECONDS)
            self.hang_up()
        elif fault == "cut":
            self.answer(206, b"abc", [("Content-Length", "10"), ("ETag", '"x"')])
            self.hang_up()
        elif fault == "bodyfault":
            self.answer(200, b"<Error><Code>InternalError</Code><Message>later</Message></Error>")
        elif fault == "lost":
            self.complete(bucket, key, fields["uploadId"], body, silent=True)
            self.hang_up()
        else:
            self.hang_up()

    def act(self, bucket, key, fields, headers, body):
        if fields.get("list-type") == "2":
            return self.list_objects(bucket, fields)
        if self.command == "POST" and "uploads" in fields:
            with self.world.lock:
                upload = f"upload/{len(self.world.uploads) + 1}+"
                self.world.uploads[upload] = {}
            return self.answer(200, (f"<InitiateMultipartUploadResult><UploadId>{upload}"
                                     "</UploadId></InitiateMultipartUploadResult>").encode())
        if "uploadId" in fields and fields["uploadId"] not in self.world.uploads:
            return self.refuse(404, "NoSuchUpload", "The specified upload does not exist.")
        if self.command == "PUT" and "uploadId" in fields:
            self.world.uploads[fields["uploadId"]][int(fields["partNumber"])] = body
            return self.answer(200, b"", [("ETag", etag(body))])
        if self.command == "POST":
            return self.complete(bucket, key, fields["uploadId"], body)
        if self.command == "DELETE":
            del self.world.uploads[fields["uploadId"]]
            return self.answer(204)
        if self.command == "PUT":
            self.world.buckets[bucket][key] = body
            return self.answer(200, b"", [("ETag", etag(body))])
        return self.get(self.world.buckets[bucket].get(key), headers)

    def complete(self, bucket, key, upload, body, silent=False):
        parts = self.world.uploads[upload]
        listed = re.findall(r"<PartNumber>(\d+)</PartNumber><ETag>(.*?)</ETag>", body.decode())
        wanted = [(str(number), etag(parts[number]).replace('"', "&quot;"))
                  for number in sorted(parts)]
        if [(number, tag.replace('"', "&quot;")) for number, tag in listed] != wanted:
            return self.refuse(400, "InvalidPart", "One or more of the parts was not found.")
        del self.world.uploads[upload]
        content = Multipart(b"".join(parts[number] for number in sorted(parts)))
        content.parts = len(parts)
        self.world.buckets[bucket][key] = content
        if silent:
            return None
        return self.answer(200, (f"<CompleteMultipartUploadResult><ETag>{escape(etag(content))}"
                                 "</ETag></CompleteMultipartUploadResult>").encode())

    def get(self, content, headers):
        if content is None:
            return self.refuse(404, "NoSuchKey", "The specified key does not exist.")
        if headers.get("if-match", etag(content)) != etag(content):
            return self.refuse(412, "PreconditionFailed", "At least one of the pre-conditions")
        about = [("ETag", etag(content)), ("Last-Modified", MODIFIED[1])]
        if self.command == "HEAD":
            return self.answer(200, b"", about + [("Content-Length", str(len(content)))])
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", headers.get("range", ""))
        if not wanted:
            return self.answer(200, bytes(content), about)
        first, last = int(wanted.group(1)), int(wanted.group(2))
        if first >= len(content):
            return self.refuse(416, "InvalidRange", "The requested range is not satisfiable")
        piece = bytes(content[first:last + 1])
        place = f"bytes {first}-{first + len(piece) - 1}/{len(content)}"
        return self.answer(206, piece, about + [("Content-Range", place)])

    def list_objects(self, bucket, fields):
        objects = self.world.buckets[bucket]
        after = fields.get("continuation-token", "")[2:] or fields.get("start-after", "")
        keys = sorted((key for key in objects if key.startswith(fields.get("prefix", ""))
                       and key.encode() > after.encode()), key=str.encode)
        page = keys[:PAGE_MAX]
        more = len(keys) > len(page)
        entries = "".join(
            f"<Contents><Key>{urllib.parse.quote_plus(key)}</Key><LastModified>{MODIFIED[0]}"
            f"</LastModified><ETag>{escape(etag(objects[key]))}</ETag><Size>{len(objects[key])}"
            "</Size><StorageClass>STANDARD</StorageClass></Contents>" for key in page)
        token = f"<NextContinuationToken>t:{escape(page[-1])}</NextContinuationToken>" \
            if more else ""
        return self.answer(200, (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>{bucket}</Name><EncodingType>url</EncodingType>{entries}{token}"
            f"<IsTruncated>{str(more).lower()}</IsTruncated></ListBucketResult>").encode())


class Multipart(bytes):
    """Content that came in parts: its ETag is no MD5."""
    parts = 0


def etag(content):
    digest = hashlib.md5(content).hexdigest()
    parts = getattr(content, "parts", 0)
    return f'"{digest}-{parts}"' if parts else f'"{digest}"'


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tls", nargs=2, metavar=("CERTIFICATE", "KEY"))
    options = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if options.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*options.tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(f"port {server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
