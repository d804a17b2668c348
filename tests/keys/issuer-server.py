#!/usr/bin/env python3
"""Issuers for tests: HTTP or HTTPS on loopback, behaving as a file says.

usage: issuer-server.py FOLDER PORTFILE [CERTIFICATE KEY]

Issuer NAME is at BASE/NAME, with its discovery document in the OpenID form, and its key set, FOLDER/NAME/keys.json, at
BASE/NAME/keys. Lines of FOLDER/NAME/behaviour change that, "PART WORD [ARGUMENT]" with PART discovery or keys:
  status NUMBER | redirect URL | html | big | slow | drip | endless | chunks | short | etag | header NAME:VALUE
  issuer URL | jwks URL | form oauth|inserted (of discovery) | bearer TOKEN
FOLDER/log gets a line for each question: NAME PART STATUS [If-None-Match] [bearer].
"""
import hashlib
import http.server
import json
import os
import ssl
import sys
import threading
import time

folder, port_file = sys.argv[1:3]
log_lock = threading.Lock()
MEBIBYTE = 1 << 20


def read(name, file):
    try:
        with open(os.path.join(folder, name, file), encoding="utf-8") as stream:
            return stream.read()
    except OSError:
        return ""


def behaviour(name, part):
    lines = (line.split(None, 2) for line in read(name, "behaviour").splitlines())
    return {line[1]: line[2] if len(line) > 2 else "" for line in lines if len(line) > 1 and line[0] == part}


class Issuer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def find(self):
        """The issuer and the part that the path names."""
        words = self.path.strip("/").split("/")
        if words[0] == ".well-known" and len(words) == 3:
            form = {"oauth-authorization-server": "oauth", "openid-configuration": "inserted"}.get(words[1])
            return words[2], "discovery", form
        if words[1:] == [".well-known", "openid-configuration"]:
            return words[0], "discovery", ""
        return words[0], "keys" if words[1:] == ["keys"] else "nothing", ""

    def discovery(self, name, rules):
        base = f"{scheme}://{self.headers['Host']}/{name}"
        return json.dumps({"issuer": rules.get("issuer", base), "jwks_uri": rules.get("jwks", base + "/keys"),
                           "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"]}).encode()

    def note(self, name, part, status):
        extra = [self.headers["If-None-Match"] or "-", "bearer" if self.headers["Authorization"] else "-"]
        with log_lock, open(os.path.join(folder, "log"), "a", encoding="utf-8") as log:
            print(name, part, status, *extra, file=log)

    def send(self, status, body, fields=(), claimed=None):
        self.send_response(status)
        for field, value in fields:
            self.send_header(field, value)
        self.send_header("Content-Length", str(len(body) if claimed is None else claimed))
        self.end_headers()
        self.wfile.write(body)

    def stream(self, chunked, pause, piece):
        """For ever."""
        self.send_response(200)
        self.send_header("Transfer-Encoding" if chunked else "Connection", "chunked" if chunked else "close")
        self.end_headers()
        while True:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            self.wfile.flush()
            time.sleep(pause)

    def do_GET(self):
        name, part, form = self.find()
        rules = behaviour(name, part)
        body = self.discovery(name, rules) if part == "discovery" else read(name, "keys.json").encode()
        status = 200
        fields = [("Content-Type", "text/html" if "html" in rules else "application/json")]
        if "header" in rules:
            fields.append(tuple(rules["header"].split(":", 1)))
        if "etag" in rules:
            etag = '"%s"' % hashlib.sha256(body).hexdigest()[:16]
            fields.append(("ETag", etag))
            status = 304 if self.headers["If-None-Match"] == etag else 200
        if part == "nothing" or (part == "discovery" and form != rules.get("form", "")) or not os.path.isdir(
                os.path.join(folder, name)):
            status = 404
        if "bearer" in rules and self.headers["Authorization"] != "Bearer " + rules["bearer"]:
            status = 401
        if "redirect" in rules:
            status = 302
            fields.append(("Location", rules["redirect"]))
        status = int(rules.get("status", status))
        self.note(name, part, status)
        if "slow" in rules:
            time.sleep(60)
        if "drip" in rules or "endless" in rules or "chunks" in rules:
            piece = b" " * (64 if "drip" in rules else 65536)
            self.stream("chunks" in rules, 0.5 if "drip" in rules else 0, piece)
        if "big" in rules:
            body = b" " * (2 * MEBIBYTE) + body
        if status == 304:
            body = b""
        self.send(status, body, fields, len(body) + 100 if "short" in rules else None)
        if "short" in rules:
            self.close_connection = True


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_):
        pass


server = Server(("127.0.0.1", 0), Issuer)
scheme = "http"
if len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*sys.argv[3:5])
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    scheme = "https"
with open(port_file + ".new", "w", encoding="utf-8") as out:
    print(server.server_address[1], file=out)
os.rename(port_file + ".new", port_file)
server.serve_forever()
