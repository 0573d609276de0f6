"""What both emulators share: the shape of a link on the command line, what it does to packets, and the end."""

import heapq
import json
import random
import signal
import sys
import time

DIRECTIONS = ("up", "down")


def add_arguments(parser):
    """Rates of 0 are unlimited."""
    for direction in DIRECTIONS:
        parser.add_argument(f"--{direction}-rate", type=float, default=0, help="bits a second of IP packets")
        parser.add_argument(f"--{direction}-delay", type=float, default=0, help="milliseconds on the way")
    parser.add_argument("--loss", type=float, default=0, help="share of IP packets, each way")
    parser.add_argument("--mtu", type=int, default=1500)
    parser.add_argument("--queue-packets", type=int, default=50, help="a direction holds so many, those on the way included")
    parser.add_argument("--seed", type=int, default=1)


class Wires:
    """Both directions: decides when a packet arrives, if it does. The rules are those of tools/virtual-network/src/link.ts."""

    def __init__(self, arguments):
        self.random = random.Random(arguments.seed)
        self.loss = arguments.loss
        self.most = arguments.queue_packets
        self.rate = {name: getattr(arguments, f"{name}_rate") for name in DIRECTIONS}
        self.delay = {name: getattr(arguments, f"{name}_delay") / 1000 for name in DIRECTIONS}
        self.free = dict.fromkeys(DIRECTIONS, 0.0)
        self.held = dict.fromkeys(DIRECTIONS, 0)
        self.counts = {name: {"packets": 0, "ipBytes": 0, "lost": 0} for name in DIRECTIONS}
        self.on_the_way = []
        self.order = 0

    def send(self, direction, sizes, deliver):
        """Takes the IP packets of one datagram; `deliver` is called once all of them are there."""
        missing = len(sizes)

        def arrived():
            nonlocal missing
            missing -= 1
            if missing == 0:
                deliver()

        for size in sizes:
            self._packet(direction, size, arrived)

    def _packet(self, direction, size, arrived):
        now = time.monotonic()
        lost = (self.loss > 0 and self.random.random() < self.loss) or self.held[direction] >= self.most
        counts = self.counts[direction]
        counts["packets"] += 1
        counts["ipBytes"] += size
        at = max(self.free[direction], now)
        if self.rate[direction]:
            at += size * 8 / self.rate[direction]
        self.free[direction] = at
        if lost:
            counts["lost"] += 1
            return
        self.held[direction] += 1
        self.order += 1
        heapq.heappush(self.on_the_way, (at + self.delay[direction], self.order, direction, arrived))

    def deliver_due(self):
        """Hands over what has arrived; returns the seconds until the next packet does, 0.1 at most."""
        now = time.monotonic()
        while self.on_the_way and self.on_the_way[0][0] <= now:
            _, _, direction, arrived = heapq.heappop(self.on_the_way)
            self.held[direction] -= 1
            arrived()
        return max(0, min(0.1, self.on_the_way[0][0] - now)) if self.on_the_way else 0.1


def until_told():
    """Says that the link is there; the returned function tells whether it is to go on."""
    going_on = True

    def end(*_):
        nonlocal going_on
        going_on = False

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    print("link up", flush=True)
    return lambda: going_on


def report(wires):
    json.dump(wires.counts, sys.stdout)
    print(flush=True)
