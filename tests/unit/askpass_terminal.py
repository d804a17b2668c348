#!/usr/bin/python3
"""Run jwt-askpass with a terminal, and type there.

usage: askpass_terminal.py TYPED PROMPT      TYPED: a line, or ^C
Its standard output goes on; what the terminal showed is written to standard error. Exit: its own, 128 + N for signal N.
"""
import os
import pty
import select
import signal
import sys
import termios

typed, prompt = sys.argv[1:]
askpass = os.environ["abs_top_builddir"] + "/tools/jwt-askpass"
output = os.dup(1)
pid, terminal = pty.fork()
if pid == 0:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # what runs in the background may ignore it
    os.dup2(output, 1)
    os.execv(askpass, [askpass, prompt])

shown = b""
is_typed = False
while True:
    ready, _, _ = select.select([terminal], [], [], 10)
    if not ready:
        break
    try:
        some = os.read(terminal, 4096)
    except OSError:
        break
    shown += some
    if not is_typed and len(shown) >= len(prompt):
        is_typed = True
        os.write(terminal, b"\x03" if typed == "^C" else typed.encode() + b"\n")
    if not some:
        break
_, status = os.waitpid(pid, 0)
sys.stderr.buffer.write(shown)
if termios.tcgetattr(terminal)[3] & termios.ECHO:
    sys.stderr.write("\necho is on\n")
sys.exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
