"""The programs at both ends of a virtual service.

peer.py serve NAME ADDRESS PORT   answers every connection and every datagram with NAME; keeps a connection that says "hold"
peer.py talk                      a client that does what its input says, a line each, and prints the answers of each in a line:
    ask tcp|udp ADDRESS PORT FROM...   one connection (datagram) after another, each from FROM = ADDRESS:PORT (0.0.0.0:0, :::0: any)
    hold ADDRESS PORT FROM...          connections that stay open
    release                            closes those
"""
import selectors
import socket
import sys


def serve(name, address, port):
    tcp = socket.create_server((address, port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64)
    udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    udp.bind((address, port))
    selector = selectors.DefaultSelector()
    selector.register(tcp, selectors.EVENT_READ)
    selector.register(udp, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is udp:
                _, sender = udp.recvfrom(2048)
                udp.sendto(name.encode(), sender)
            elif key.fileobj is tcp:
                selector.register(tcp.accept()[0], selectors.EVENT_READ)
            else:
                data = b""
                try:
                    data = key.fileobj.recv(2048)
                    if data:
                        key.fileobj.sendall(name.encode() + b"\n")
                except OSError:
                    pass
                if data != b"hold\n":
                    selector.unregister(key.fileobj)
                    key.fileobj.close()


def opened(kind, target, source):
    host, port = source.rsplit(":", 1)
    peer = socket.socket(socket.AF_INET6 if ":" in target[0] else socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
    peer.settimeout(3)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if (host, port) not in (("0.0.0.0", "0"), ("::", "0")):
        peer.bind((host, int(port)))
    peer.connect(target)
    return peer


def answer(kind, target, source, word, keep):
    try:
        peer = opened(kind, target, source)
        peer.sendall(word)
        text = peer.recv(64).decode().strip() or "closed"
        if keep is not None:
            keep.append(peer)
        else:
            peer.close()
        return text
    except ConnectionRefusedError:
        return "refused"
    except ConnectionResetError:
        return "reset"
    except TimeoutError:
        return "nothing"
    except OSError as problem:
        return problem.__class__.__name__


def talk():
    kept = []
    for line in sys.stdin:
        verb, *rest = line.split()
        if verb == "ask":
            kind, address, port, *sources = rest
            print(*(answer(kind, (address, int(port)), source, b"ask\n", None) for source in sources), flush=True)
        elif verb == "hold":
            address, port, *sources = rest
            print(*(answer("tcp", (address, int(port)), source, b"hold\n", kept) for source in sources), flush=True)
        else:
            for peer in kept:
                peer.close()
            kept.clear()
            print("released", flush=True)


if sys.argv[1] == "serve":
    serve(sys.argv[2], sys.argv[3], int(sys.argv[4]))
else:
    talk()
