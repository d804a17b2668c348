#!/usr/bin/python3
"""What jwt-askpass asks for tokens, on loopback: services as they are, and as they should not be.

usage: askpass_server.py FILE
Prints its port. Each request is a line of FILE, each token a line of FILE.tokens; no two tokens are alike.
"""
import base64
import http.server
import json
import socketserver
import sys
import time
import urllib.parse

requests = open(sys.argv[1], "a", buffering=1)
tokens = open(sys.argv[1] + ".tokens", "a", buffering=1)
count = 0


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def token(audience, size=1300):
    global count
    count += 1
    head = part({"alg": "ES256"}) + "." + part({"sub": "x", "aud": audience, "jti": str(count)}) + "."
    text = head + "S" * (size - len(head))
    tokens.write(text + "\n")
    return text


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, body, status=200, **fields):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        audience = urllib.parse.parse_qs(url.query).get("audience", [""])[0]
        requests.write(self.path + " " + " ".join(f"{k}: {v}" for k, v in self.headers.items()) + "\n")
        name = url.path.split("/")[1]
        if name == "computeMetadata":
            self.answer(token(audience))
        elif name == "github":
            self.answer(json.dumps({"count": 1, "value": token(audience)}))
        elif name == "token":
            self.answer(json.dumps({"value": token(audience, int(url.path.split("/")[2]))}))
        elif name == "html":
            self.answer("<html><body>Sign in</body></html>")
        elif name == "empty":
            self.answer("{}")
        elif name == "words":
            self.answer('{"value": "Sign in first"}')
        elif name == "twice":
            self.answer(json.dumps({"value": token(audience)})[:-1] + ', "value": "x"}')
        elif name == "large":
            self.answer(json.dumps({"value": "x" * (2 << 20)}))
        elif name == "redirect":
            self.answer("", 302, Location="/github?audience=" + audience)
        elif name == "refusal":
            self.answer("no", 403)
        elif name == "silence":
            time.sleep(5)
        elif name in ("endless", "cut"):
            self.send_response(200)
            if name == "cut":
                self.send_header("Content-Length", "5000")
            self.end_headers()
            self.wfile.write(b"x" * (2 << 20 if name == "endless" else 100))


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # a client that has had enough


server = Server(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
