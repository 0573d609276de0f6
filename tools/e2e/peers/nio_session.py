"""Two users of matrix-nio meet in a room. Usage: nio_session.py URL ALICE BOB PASSWORD; prints what happened as JSON."""

import asyncio
import json
import sys

from nio import AsyncClient, RoomMessageText

# Long on purpose: matrix-nio puts a filter into the query, where a segment of a CoAP option would not hold it.
FILTER = {
    "room": {
        "timeline": {"limit": 20, "not_types": [f"org.example.nobody.sends.this.{n}" for n in range(12)]},
        "state": {"lazy_load_members": False},
    }
}


def check(response, what):
    if type(response).__name__.endswith("Error"):
        raise RuntimeError(f"{what}: {response}")
    return response


async def messages(client, room_id):
    """Syncs until there is a text in the room, and gives all there are."""
    while True:
        response = check(await client.sync(timeout=20000, sync_filter=FILTER), "sync")
        room = response.rooms.join.get(room_id)
        texts = [event.body for event in room.timeline.events if isinstance(event, RoomMessageText)] if room else []
        if texts:
            return texts


async def main(url, alice_name, bob_name, password):
    alice, bob = AsyncClient(url, alice_name), AsyncClient(url, bob_name)
    try:
        for client in (alice, bob):
            check(await client.login(password), "login")
            check(await client.sync(timeout=0, sync_filter=FILTER), "first sync")
        created = check(await alice.room_create(invite=[bob.user_id], name="nio"), "createRoom")
        check(await bob.join(created.room_id), "join")
        check(await bob.sync(timeout=5000, sync_filter=FILTER), "sync after join")
        waiting = asyncio.create_task(messages(bob, created.room_id))
        content = {"msgtype": "m.text", "body": "Hello from nio"}
        sent = check(await alice.room_send(created.room_id, "m.room.message", content), "send")
        received = await waiting
        members = check(await bob.joined_members(created.room_id), "members")
        print(json.dumps({
            "sent": sent.event_id.startswith("$"),
            "received": received,
            "members": sorted(member.user_id for member in members.members),
        }))
    finally:
        await alice.close()
        await bob.close()


asyncio.run(main(*sys.argv[1:]))
