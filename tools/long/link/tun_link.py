"""
A link for UDP and TCP alike: a network namespace for clients, joined to this one by two TUN devices, so that every IP packet passes
through here. Needs root, /dev/net/tun and iproute2.

Servers are at 10.99.0.2, clients at 10.99.0.1 in the namespace `--name`; up is from client to server. The devices have the MTU, so that
the kernel makes fragments and chooses TCP's segments as it does on a real link. Prints `link up` when it is there, and what passed as JSON
when it is told to end (SIGTERM, or the end of its standard input).
"""

import argparse
import fcntl
import os
import select
import struct
import subprocess
import sys

import shape

TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000
IPV4 = 4
TCP = 6
UDP = 17


def run(command):
    subprocess.run(command.split(), check=True)


def open_tun(name):
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return device


def write(device, packet):
    try:
        os.write(device, packet)
    except OSError:
        pass  # a device that is gone loses what is sent to it


def packets_of(device):
    for _ in range(64):
        try:
            packet = os.read(device, 65535)
        except BlockingIOError:
            return
        if packet[0] >> 4 == IPV4 and packet[9] in (TCP, UDP):
            yield packet


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", required=True, help="of the namespace; the devices are NAME-s and NAME-c")
    shape.add_arguments(parser)
    arguments = parser.parse_args()
    name, mtu = arguments.name, arguments.mtu
    near, far = f"{name}-s", f"{name}-c"
    run(f"ip netns add {name}")
    try:
        server, client = open_tun(near), open_tun(far)
        run(f"ip link set {far} netns {name}")
        run(f"ip addr add 10.99.0.2/30 dev {near}")
        run(f"ip link set {near} mtu {mtu} up")
        inside = f"ip netns exec {name} ip"
        run(f"{inside} link set lo up")
        run(f"{inside} addr add 10.99.0.1/30 dev {far}")
        run(f"{inside} link set {far} mtu {mtu} up")
        wires = shape.Wires(arguments)
        goes_on = shape.until_told()
        ways = {client: ("up", server), server: ("down", client)}
        while goes_on():
            ready, _, _ = select.select([client, server, sys.stdin], [], [], wires.deliver_due())
            if sys.stdin in ready and not os.read(sys.stdin.fileno(), 4096):
                break
            for device in ready:
                if device not in ways:
                    continue
                direction, other = ways[device]
                for packet in packets_of(device):
                    wires.send(direction, [len(packet)], lambda other=other, packet=packet: write(other, packet))
        shape.report(wires)
    finally:
        run(f"ip netns del {name}")


main()
