#!/usr/bin/python3
"""Run a command at a terminal and type a token's parts when it asks for them, as a person would paste them.

usage: type_token.py FILE SIZE COMMAND [ARGUMENT]...
SIZE: of a part. What the terminal showed goes to standard output. Exit: the command's, 124 when it did not end.
"""
import os
import pty
import re
import select
import sys
import time

token = open(sys.argv[1], "rb").read()
size = int(sys.argv[2])
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[3], sys.argv[3:])

shown, seen = b"", 0
status = None
end = time.monotonic() + 30
while time.monotonic() < end:
    # login hangs the terminal up in between, so that only the end of the command is the end
    ended = status is not None
    if not ended:
        done, code = os.waitpid(pid, os.WNOHANG)
        status = code if done else None
    try:
        some = os.read(terminal, 65536) if select.select([terminal], [], [], 0.05)[0] else b""
    except OSError:
        some = b""
        time.sleep(0.02)
    if ended and not some:
        break
    shown += some
    asked = re.search(rb"(?:Password or token|Token \(part (\d+)\)): $", shown[seen:])
    if asked:
        seen = len(shown)
        start = (int(asked[1] or 1) - 1) * size
        os.write(terminal, token[start:start + size] + b"\n")
sys.stdout.buffer.write(shown)
sys.exit(124 if status is None else os.waitstatus_to_exitcode(status))
