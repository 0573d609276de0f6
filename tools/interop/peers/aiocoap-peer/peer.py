"""A CoAP peer on aiocoap: `server|client HOST:PORT`. The client takes requests as JSON lines."""

import asyncio
import json
import sys

import aiocoap
import aiocoap.resource as resource
from aiocoap import Message, Reliable, Unreliable
from aiocoap.numbers import OptionNumber


def pattern(length):
    return b"0123456789abcdef" * (length // 16)


def content(payload, content_format=0, **options):
    return Message(code=aiocoap.CONTENT, payload=payload, content_format=content_format, **options)


class Handled(resource.Resource):
    """A resource that is one function of the request."""

    def __init__(self, handler):
        super().__init__()
        self.handler = handler

    async def render(self, request):
        return await self.handler(request)


class Ticking(resource.ObservableResource):
    """An observable resource that changes several times a second."""

    def __init__(self, body, reliability):
        super().__init__()
        self.n = 0
        self.body = body
        self.reliability = reliability

    async def tick(self):
        while True:
            await asyncio.sleep(0.3)
            self.n += 1
            self.updated_state()

    async def render_get(self, request):
        return content(self.body(self.n), transport_tuning=self.reliability)


async def test(request):
    if request.code == aiocoap.GET:
        return content(b"test")
    if request.code == aiocoap.POST:
        return Message(code=aiocoap.CREATED, location_path=["location1", "location2", "location3"])
    return Message(code=aiocoap.DELETED if request.code == aiocoap.DELETE else aiocoap.CHANGED)


async def separate(request):
    await asyncio.sleep(1)
    return content(b"late")


async def seg3(request):
    return content(b"deep")


async def query(request):
    return content("&".join(request.opt.uri_query).encode())


async def location_query(request):
    return Message(code=aiocoap.CREATED, location_query=["first=1", "second=2"])


async def multi_format(request):
    if request.opt.accept == 41:
        return content(b"<text/>", 41)
    return content(b"text")


async def large(request):
    return content(pattern(65536), 42)


async def large_post(request):
    return Message(code=aiocoap.CHANGED, payload=request.payload.upper(), content_format=42)


class Stored:
    """What was put to /large-update, and what was created by /large-create."""

    def __init__(self):
        self.body = b""

    async def update(self, request):
        if request.code == aiocoap.GET:
            return await self.get(request)
        self.body = request.payload
        return Message(code=aiocoap.CHANGED)

    async def create(self, request):
        self.body = request.payload
        return Message(code=aiocoap.CREATED, location_path=["large-create", "1"])

    async def get(self, request):
        return content(self.body, 42)


async def serve(host, port):
    update, create = Stored(), Stored()
    site = resource.Site()
    ticking = {
        "obs": Ticking(lambda n: b"tick %d" % n, Reliable),
        "obs-non": Ticking(lambda n: b"tick %d" % n, Unreliable),
        "obs-large": Ticking(lambda n: b"%d" % (n % 10) * 3000, Reliable),
    }
    handlers = {
        "test": test,
        "separate": separate,
        "seg1/seg2/seg3": seg3,
        "query": query,
        "location-query": location_query,
        "multi-format": multi_format,
        "large": large,
        "large-update": update.update,
        "large-create": create.create,
        "large-create/1": create.get,
        "large-post": large_post,
    }
    for path, handler in handlers.items():
        site.add_resource(path.split("/"), Handled(handler))
    for path, observable in ticking.items():
        site.add_resource([path], observable)
    await aiocoap.Context.create_server_context(site, bind=(host, port), transports=["udp6"])
    print("LISTENING", flush=True)
    await asyncio.gather(*(observable.tick() for observable in ticking.values()))


def message_of(spec, base):
    message = Message(
        code=getattr(aiocoap, spec["method"]),
        uri=base,
        payload=bytes.fromhex(spec.get("payload", "")),
        transport_tuning=Reliable if spec["confirmable"] else Unreliable,
    )
    message.opt.uri_path = spec["path"]
    message.opt.uri_query = spec["query"]
    for number, value in spec["options"]:
        message.opt.add_option(OptionNumber(number).create_option(decode=bytes.fromhex(value)))
    if "szx" in spec:
        message.opt.block2 = (0, False, spec["szx"])
    return message


async def answer(context, base, spec):
    message = message_of(spec, base)
    if "observe" not in spec:
        response = await asyncio.wait_for(context.request(message).response, 15)
        options = [[int(o.number), o.encode().hex()] for o in response.opt.option_list()]
        return {"code": response.code.dotted, "options": options, "payload": response.payload.hex()}
    message.opt.observe = 0
    request = context.request(message)
    seen = [(await asyncio.wait_for(request.response, 15)).payload.hex()]
    async for notification in request.observation:
        seen.append(notification.payload.hex())
        if len(seen) >= spec["observe"]:
            break
    if not request.observation.cancelled:
        request.observation.cancel()
    return {"notifications": seen}


async def ask(base):
    context = await aiocoap.Context.create_client_context(transports=["udp6"])
    print("READY", flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        try:
            result = await answer(context, base, json.loads(line))
        except Exception as error:
            result = {"error": repr(error)}
        print(json.dumps(result), flush=True)
    await context.shutdown()


if __name__ == "__main__":
    mode, address = sys.argv[1:]
    if mode == "server":
        host, port = address.rsplit(":", 1)
        asyncio.run(serve(host, int(port)))
    else:
        asyncio.run(ask(f"coap://{address}"))
