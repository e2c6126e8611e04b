#!/usr/bin/env python3
"""capture.py FILE...: runs the commands of golden files on the real ipvsadm and writes its answers back.

Run it as root on a throw-away machine with ip_vs and ipvsadm 1.31: it clears the table. To ask new questions, add
{"args": "..."} (and "stdin", "program") to a block. captured.json and the other files were taken on Debian 12 (Linux 6.1) with
10.0.0.7, 10.0.0.8 and fd00::7 in /etc/hosts, as in TestNames.cs. Each block begins with an empty table.
"""
import json
import os
import shlex
import subprocess
import sys


def ipvsadm(*arguments):
    subprocess.run(["ipvsadm", *arguments], stderr=subprocess.DEVNULL, check=False)


def answer(command):
    result = subprocess.run(
        [command.get("program", "ipvsadm"), *shlex.split(command["args"])], input=command.get("stdin", ""),
        capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}, check=False)
    kept = {key: command[key] for key in ("args", "program", "stdin") if key in command}
    return {**kept, "rc": result.returncode, "out": result.stdout, "err": result.stderr}


def capture(block):
    ipvsadm("--stop-daemon", "master")
    ipvsadm("--stop-daemon", "backup")
    ipvsadm("-C")
    ipvsadm("--set", "900", "120", "300")
    return [answer(command) for command in block]


for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        blocks = json.load(file)
    lines = [",\n".join(json.dumps(command, separators=(",", ":")) for command in capture(block)) for block in blocks]
    with open(path, "w", encoding="utf-8") as file:
        file.write("[\n" + ",\n".join(f"[\n{block}\n]" for block in lines) + "\n]\n")
