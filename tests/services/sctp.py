"""Every chunk, from either side, in every state that an SCTP association of a virtual service can be brought to.

sctp.py CLIENT DIRECTOR SERVER   three network namespaces; the service is 10.1.0.1:9899, its server 10.2.0.11:9900, the client 10.1.0.2.
Prints the state after each chunk (ipvsadm -Lnc) and whether the packet arrived with a right checksum. Packets are made here: no kernel needs SCTP.
"""
import ctypes
import os
import socket
import struct
import subprocess
import sys

CHUNKS = {"data": 0, "init": 1, "init-ack": 2, "sack": 3, "heartbeat": 4, "abort": 6, "shutdown": 7, "shutdown-ack": 8, "error": 9,
          "cookie-echo": 10, "cookie-ack": 11, "shutdown-complete": 14}
LIBC = ctypes.CDLL(None, use_errno=True)
NEWNET = 0x40000000


def enter(namespace):
    descriptor = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    if LIBC.setns(descriptor, NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
    os.close(descriptor)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return ~crc & 0xFFFFFFFF


def packet(source, destination, chunk):
    """Length and content differ from packet to packet, so that checksums do too."""
    body = struct.pack(">BBH", chunk, 0, 4 + 16) + bytes((source * 7 + i) & 255 for i in range(16))
    plain = struct.pack(">HHII", source, destination, 0x01020304, 0) + body
    return struct.pack(">HHI", source, destination, 0x01020304) + struct.pack("<I", crc32c(plain)) + body


class End:
    def __init__(self, namespace, address):
        enter(namespace)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_SCTP)
        self.socket.bind((address, 0))
        self.socket.settimeout(0.5)

    def receive(self):
        """The ports of the packet that arrives, and whether its checksum is right."""
        try:
            data = self.socket.recv(2048)
        except TimeoutError:
            return "nothing"
        sctp = data[(data[0] & 15) * 4:]
        checksum, = struct.unpack("<I", sctp[8:12])
        return "right" if checksum == crc32c(sctp[:8] + bytes(4) + sctp[12:]) else "wrong"


def main(client_name, director, server_name):
    client = End(client_name, "10.1.0.2")
    server = End(server_name, "10.2.0.11")
    port = 30000

    def run(path):
        nonlocal port
        port += 1
        for side, chunk in path:
            if side == "client":
                client.socket.sendto(packet(port, 9899, CHUNKS[chunk]), ("10.1.0.1", 0))
                arrived = server.receive()
            else:
                server.socket.sendto(packet(9900, port, CHUNKS[chunk]), ("10.1.0.2", 0))
                arrived = client.receive()
        return port, arrived

    def states():
        lines = subprocess.run(["ip", "netns", "exec", director, "ipvsadm", "-Lnc"], capture_output=True, text=True, check=True).stdout.splitlines()
        entries = [line.split() for line in lines if line.startswith("SCTP")]
        return {int(entry[3].rsplit(":", 1)[1]): entry[2] for entry in entries}

    # What begins an association: INIT, whose entry does not wait long for more.
    begun = {chunk: run([("client", chunk)]) for chunk in sorted(CHUNKS, key=lambda chunk: chunk == "init")}
    known = states()
    for chunk, (source, arrived) in begun.items():
        print("first", chunk, arrived, known.get(source, "-"))
    paths = {"INIT1": [("client", "init")]}
    level = ["INIT1"]
    while level:
        tries = {}
        for state in level:
            for side in ("client", "server"):
                for chunk in CHUNKS:
                    tries[state, side, chunk] = run(paths[state] + [(side, chunk)])
            # Some states last for seconds only.
            known = states()
            for (of, side, chunk), (source, arrived) in tries.items():
                if of == state:
                    tries[of, side, chunk] = arrived, known.get(source, "-")
        level = []
        for (state, side, chunk), (arrived, reached) in tries.items():
            print(state, side, chunk, arrived, reached)
            if reached != "-" and reached not in paths:
                paths[reached] = paths[state] + [(side, chunk)]
                level.append(reached)


main(*sys.argv[1:])
