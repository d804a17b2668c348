#!/usr/bin/python3
"""An SSH server that wants a token which is not meant for it.

usage: hostile_server.py PORT FILE
Asks whoever comes for one thing after another; what it is told is written to FILE, a line for each answer, then "end".
Prints "ready" when it listens.
"""
import asyncio
import sys

import asyncssh

first = "Password or token: "
questions = [
    first,
    "(worker@private.test) " + first,
    "\r\x1b[2K(worker@private.test) " + first,
    "private.test) " + first,
    "worker@private.test's password: ",
    "Token (part 2): ",
    "token: " + "x" * 100000,
    "\x7f" + first,
    first + "x" * 200000,
    "",
]
log = open(sys.argv[2], "w", buffering=1)


class Server(asyncssh.SSHServer):
    asked = 0

    def kbdint_auth_supported(self):
        return True

    def get_kbdint_challenge(self, username, lang, submethods):
        return "private.test", first, "", [(questions[0], False)]

    def validate_kbdint_response(self, username, responses):
        log.write("".join(responses) + "\n")
        self.asked += 1
        if self.asked < len(questions):
            return "(worker@private.test)", first, "", [(questions[self.asked], False)]
        log.write("end\n")
        return False


async def serve():
    key = asyncssh.read_private_key("/etc/ssh/ssh_host_ed25519_key")
    await asyncssh.listen("127.0.0.1", int(sys.argv[1]), server_factory=Server, server_host_keys=[key])
    print("ready", flush=True)
    await asyncio.Event().wait()


asyncio.run(serve())
