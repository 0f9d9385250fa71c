"""A stock python-socketio client, told what to do by lines of JSON on stdin; what it hears goes to stdout as lines of JSON.

In:  {"call": 1, "event": "publish", "data": {...}}      Out: {"call": 1, "answer": {...}}
                                                          Out: {"event": "message", "data": {...}}
"""
import json
import sys
import threading

import socketio
from engineio.payload import Payload

# What waits for a client that polls comes as one payload; of more than 16 packets the default is to refuse it.
Payload.max_decode_packets = 10_000

client = socketio.Client(reconnection=False)
# In the order of arrival: a thread for each event, as is the default, leaves the order to chance.
trigger = client.eio._trigger_event
client.eio._trigger_event = lambda event, *args, **_: trigger(event, *args, run_async=False)
out = threading.Lock()


def say(what):
    with out:
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()


for name in ("welcome", "message", "presence", "typing", "job", "notice", "frame"):
    client.on(name, lambda data, name=name: say({"event": name, "data": data}))

client.connect(sys.argv[1], transports=sys.argv[2].split(","))
say({"event": "connected", "data": {"transport": client.transport()}})
for line in sys.stdin:
    order = json.loads(line)
    answer = client.call(order["event"], order["data"], timeout=15)
    say({"call": order["call"], "answer": answer})
client.disconnect()
