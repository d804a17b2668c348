#!/usr/bin/python3
"""Log in with paramiko or asyncssh, as their users do: the token is the password.

usage: python_client.py paramiko|paramiko_connect|asyncssh HOST PORT USER FILE...
A line for each FILE of /dev/shm/tokens: its size and what `id -un` says there, or the name of the error.
"""
import asyncio
import sys

library, host, port, user = sys.argv[1:5]
port = int(port)


def paramiko_login(token):
    import paramiko

    with paramiko.Transport((host, port)) as transport:
        transport.start_client(timeout=10)
        transport.auth_interactive(user, lambda title, instructions, prompts: [token] * len(prompts))
        channel = transport.open_session()
        channel.exec_command("id -un")
        return channel.makefile().read().decode().strip()


def paramiko_connect_login(token):
    import paramiko

    client = paramiko.SSHClient()
    client.load_host_keys("/etc/ssh/known_hosts")
    client.connect(host, port, username=user, password=token, look_for_keys=False, allow_agent=False)
    try:
        return client.exec_command("id -un")[1].read().decode().strip()
    finally:
        client.close()


def asyncssh_login(token):
    import asyncssh

    async def run():
        async with asyncssh.connect(host, port, username=user, password=token, known_hosts="/etc/ssh/known_hosts",
                                    client_keys=None, agent_path=None, config=None) as connection:
            return (await connection.run("id -un")).stdout.strip()

    return asyncio.run(run())


for name in sys.argv[5:]:
    text = open("/dev/shm/tokens/" + name).read()
    try:
        answer = globals()[library + "_login"](text)
    except Exception as error:  # whatever it is, its name is the answer
        answer = type(error).__name__
    print(len(text), answer, flush=True)
