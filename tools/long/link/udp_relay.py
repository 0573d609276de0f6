"""
The same for UDP alone, without root: clients talk to `--listen`, the relay to `--target`, with a socket for each client. Datagrams beyond
the MTU count, and get lost, as the fragments that they would be.
"""

import argparse
import os
import select
import socket
import sys

import shape

IPV4_HEADER = 20
UDP_HEADER = 8


def address(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


def fragments(payload, mtu):
    """RFC 791 section 3.2: all but the last carry a multiple of 8 bytes."""
    total = UDP_HEADER + payload
    if IPV4_HEADER + total <= mtu:
        return [IPV4_HEADER + total]
    each = (mtu - IPV4_HEADER) // 8 * 8
    return [IPV4_HEADER + min(each, total - sent) for sent in range(0, total, each)]


def send(sender, *arguments):
    try:
        sender(*arguments)
    except OSError:
        pass  # nobody is there


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listen", required=True, metavar="HOST:PORT")
    parser.add_argument("--target", required=True, metavar="HOST:PORT")
    shape.add_arguments(parser)
    arguments = parser.parse_args()
    front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    front.bind(address(arguments.listen))
    target = address(arguments.target)
    backs = {}
    clients = {}
    wires = shape.Wires(arguments)
    goes_on = shape.until_told()
    while goes_on():
        ready, _, _ = select.select([front, *clients, sys.stdin], [], [], wires.deliver_due())
        for readable in ready:
            if readable is sys.stdin:
                if not os.read(sys.stdin.fileno(), 4096):
                    return shape.report(wires)
            elif readable is front:
                datagram, client = front.recvfrom(65535)
                if client not in backs:
                    back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    back.connect(target)
                    backs[client] = back
                    clients[back] = client
                back = backs[client]
                sizes = fragments(len(datagram), arguments.mtu)
                wires.send("up", sizes, lambda back=back, datagram=datagram: send(back.send, datagram))
            else:
                try:
                    datagram = readable.recv(65535)
                except ConnectionRefusedError:
                    continue
                client = clients[readable]
                sizes = fragments(len(datagram), arguments.mtu)
                wires.send("down", sizes, lambda client=client, datagram=datagram: send(front.sendto, datagram, client))
    shape.report(wires)


main()
