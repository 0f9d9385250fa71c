"""A stock python-socketio client, told what to do by lines of JSON on stdin; what it hears goes to stdout as lines of JSON.

In:  {"call": 1, "event": "publish", "data": {...}}      Out: {"call": 1, "answer": {...}}
                                                          Out: {"event": "message", "data": {...}}
"""
import json
import sys
import threading

import socketio

client = socketio.Client(reconnection=False)
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
