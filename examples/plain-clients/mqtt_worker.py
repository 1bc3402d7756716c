#!/usr/bin/env python3
"""A worker that is any MQTT client: no agent, no SDK.

It takes {"token", "a", "b"} from plant/ams/add and answers on the callback topic of its principal.
A callback counts when the server has said so on the topic `replyTo`; until then it is repeated,
which does no harm: the first valid answer wins.
"""

import argparse
import json
import queue
import threading

import paho.mqtt.client as mqtt

REPEAT_SECONDS = 5
OFFICE = "towline/1/{principal}/callbacks"
REPLIES = "towline/1/{principal}/replies/1"

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--host", default="127.0.0.1")
parser.add_argument("--port", type=int, default=1883)
parser.add_argument("--principal", default="default_plain", help="{tenant}_{name}")
options = parser.parse_args()
callbacks = OFFICE.format(principal=options.principal)
replies = REPLIES.format(principal=options.principal)

jobs = queue.Queue()
unanswered = {}  # by token: the callback
lock = threading.Lock()


def result_of(job):
    try:
        return {"output": {"sum": job["a"] + job["b"]}}
    except (KeyError, TypeError) as error:
        return {"error": "Plain.BadInput", "cause": f"{type(error).__name__}: {error}"}


def on_connect(client, *_):
    client.subscribe([("plant/ams/add", 1), (replies, 1)])
    print("connected", flush=True)


def on_message(_client, _userdata, message):
    """On the network's thread: hand over only."""
    try:
        value = json.loads(message.payload)
    except ValueError:
        return
    if message.topic == replies:
        with lock:
            unanswered.pop(value.get("taskToken"), None)
        print(f"the server says {value.get('status')}", flush=True)
    elif isinstance(value, dict) and isinstance(value.get("token"), str):
        jobs.put(value)


client = mqtt.Client(client_id=options.principal, protocol=mqtt.MQTTv5)
client.username_pw_set(options.principal)
client.on_connect = on_connect
client.on_message = on_message
client.connect(options.host, options.port)
client.loop_start()
while True:
    try:
        job = jobs.get(timeout=REPEAT_SECONDS)
        callback = {"v": 1, "taskToken": job["token"], "replyTo": replies, **result_of(job)}
        with lock:
            unanswered[job["token"]] = callback
        outgoing = [callback]
    except queue.Empty:
        with lock:
            outgoing = list(unanswered.values())
    for callback in outgoing:
        client.publish(callbacks, json.dumps(callback), qos=1)
