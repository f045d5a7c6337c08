#!/usr/bin/python3
# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
"""What Http2Session makes of a client's frames, against Python's h2 and hpack (Debian: python3-h2), which share nothing with it or nghttp2.

h2_opinion.py H2_READER CONNECTIONS [SEED]

Makes up connections, some of whose frames are wrong, and gives both the same frames one by one. What must be true:
  - a request, a piece of a body and an end that we hand on is one for h2 as well, with the same fields and bytes
  - once h2 has ended the connection, or finds a request malformed, we hand nothing of that on, and that stream runs no longer
  - what ends the connection for us and not for h2 is one of STRICTER, each with its reason
"""
import collections
import json
import random
import subprocess
import sys

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import hpack

END_STREAM, ACK, END_HEADERS, PADDED = 1, 1, 4, 8
DATA, HEADERS, PRIORITY, RESET, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)

# Our sentences, where h2 goes on: it is laxer than RFC 9113 there, or treats an error of a stream as one, which both may do.
STRICTER = {
    "a frame comes on a stream that is closed": "5.1: h2 answers with RST_STREAM",
    "a stream is opened whose number is not above the last one's": "5.1.1: h2 answers late",
    "a frame is not one that may stand there": "5.1: of streams that we never opened",
    "a head cannot be unpacked": "4.3",
}


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


class Client:
    """Makes frames up: mostly what a client may send, and mistakes."""

    def __init__(self, dice):
        self.dice, self.encoder = dice, hpack.Encoder()
        self.next, self.open, self.used = 1, [], [1]

    def fields(self):
        list_ = [(":method", self.dice.choice(["GET", "GET", "POST", "PUT", "HEAD"])), (":scheme", "https"), (":authority", "h"), (":path", self.dice.choice(["/", "/a", "/a?b=c"]))]
        for _ in range(self.dice.randrange(4)):
            list_.append(self.dice.choice([("accept", "*/*"), ("x-a", "b"), ("cookie", "a=1"), ("te", "trailers"), ("x-empty", ""), ("content-type", "a/b"), ("x-long", "y" * 300)]))
        return list_

    def spoil(self, list_):
        at = self.dice.randrange(len(list_))
        name, value = list_[at]
        mistakes = [
            lambda: list_.pop(at),
            lambda: list_.insert(at, list_[at]),
            lambda: list_.append((":path", "/other")),
            lambda: list_.append(("X-A", "b")),
            lambda: list_.append((self.dice.choice(["connection", "transfer-encoding", "upgrade", "keep-alive", "proxy-connection"]), "close")),
            lambda: list_.append(("te", "chunked")),
            lambda: list_.append(("host", self.dice.choice(["h", "other"]))),
            lambda: list_.append(("content-length", self.dice.choice(["0", "5", "-1", "05", "x", "4"]))),
            lambda: list_.append(("x-a", self.dice.choice(["a\r\nb", "\0", " b", "b ", "\x7f"]))),
            lambda: list_.append((self.dice.choice(["x a", "", ":x", "x:"]), "b")),
            lambda: list_.__setitem__(at, (name, "")),
            lambda: list_.__setitem__(at, (name.upper(), value)),
            lambda: self.dice.shuffle(list_),
        ]
        self.dice.choice(mistakes)()
        return list_

    def head(self, stream, fields, flags):
        block = self.encoder.encode(fields, huffman=self.dice.random() < 0.5)
        if self.dice.random() < 0.15:
            cut = self.dice.randrange(len(block) + 1)
            return frame(HEADERS, flags, stream, block[:cut]) + frame(CONTINUATION, END_HEADERS, stream, block[cut:])
        if self.dice.random() < 0.15:
            return frame(HEADERS, flags | END_HEADERS | PADDED, stream, b"\x03" + block + bytes(3))
        return frame(HEADERS, flags | END_HEADERS, stream, block)

    def request(self):
        stream, self.next = self.next, self.next + 2 * self.dice.choice([1, 1, 1, 2])
        fields = self.fields()
        if self.dice.random() < 0.1:
            fields = self.spoil(fields)
        ended = self.dice.random() < 0.5
        self.used.append(stream)
        if not ended:
            self.open.append(stream)
        return self.head(stream, fields, END_STREAM if ended else 0)

    def data(self):
        stream = self.dice.choice(self.open)
        bytes_ = bytes(self.dice.choice([0, 1, 4, 5, 1000]))
        if self.dice.random() < 0.3:
            self.open.remove(stream)
            if self.dice.random() < 0.3:
                return self.head(stream, self.dice.choice([[("x-t", "v")], [("x-t", "v"), (":path", "/")], [("X-T", "v")]]), END_STREAM)
            return frame(DATA, END_STREAM, stream, bytes_)
        return frame(DATA, PADDED, stream, b"\x02" + bytes_ + bytes(2)) if self.dice.random() < 0.2 else frame(DATA, 0, stream, bytes_)

    def control(self):
        dice, stream = self.dice, self.dice.choice(self.used)
        return dice.choice(
            [
                lambda: frame(PING, 0, 0, bytes(8)),
                lambda: frame(WINDOW, 0, dice.choice([0, stream]), dice.choice([1, 1000]).to_bytes(4, "big")),
                lambda: frame(SETTINGS, 0, 0, dice.choice([b"", b"\0\4\0\0\1\0", b"\0\1\0\0\0\0", b"\0\x77\0\0\0\1", b"\0\3\0\0\0\5"])),
                lambda: frame(PRIORITY, 0, dice.choice([stream, self.next + 8]), bytes(5)),
                lambda: frame(RESET, 0, stream, (8).to_bytes(4, "big")),
                lambda: frame(0x77, 0xFF, 0, b"anything"),
            ]
        )()

    def mistake(self):
        dice, stream = self.dice, self.dice.choice(self.used + [0, 2, self.next + 20])
        kind = dice.choice([DATA, HEADERS, PRIORITY, RESET, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION])
        payload = dice.choice([b"", bytes(3), bytes(4), bytes(5), bytes(6), bytes(8), b"\x7f\xff\xff\xff", b"\0\4\xff\xff\xff\xff", b"\0\5\0\0\0\1", b"\0\2\0\0\0\7", b"\xff" * 9])
        return frame(kind, dice.choice([0, 1, 4, 5, 8, 0x20, 0xFF]), stream, payload)

    def step(self):
        luck = self.dice.random()
        if luck < 0.35:
            return self.request()
        if luck < 0.7 and self.open:
            return self.data()
        return self.control() if luck < 0.98 else self.mistake()


class Ours:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def request_of(event):
    """As we hand a request on: the pseudo-header fields apart, cookies joined, Host and lengths ours."""
    pseudo = {name: value for name, value in event.headers if name.startswith(":")}
    host = pseudo.get(":authority", dict(event.headers).get("host"))
    fields = [[n, v] for n, v in event.headers if not n.startswith(":") and n not in ("cookie", "host")]
    cookies = [v for n, v in event.headers if n == "cookie"]
    return [pseudo[":method"], pseudo[":path"], host, sorted(fields + ([["cookie", "; ".join(cookies)]] if cookies else []))]


class Connection:
    """The same frames for both, and what must be true of what they say."""

    def __init__(self, ours, tally):
        self.ours, self.tally, self.trace = ours, tally, []
        self.theirs = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="latin-1"))
        self.theirs.initiate_connection()
        self.theirs.receive_data(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        self.ours.say("new")
        self.refused, self.running = set(), set()

    def fail(self, why):
        sys.exit(f"{why}\nframes: {' '.join(bytes_.hex() for bytes_ in self.trace)}")

    def take(self, bytes_):
        """False: the connection is over, for one of the two at least."""
        self.trace.append(bytes_)
        said = self.ours.say(f"take {bytes_.hex()}")
        self.refused.update(said["refused"])
        try:
            events, broken = self.theirs.receive_data(bytes_), None
        except (h2.exceptions.ProtocolError, hpack.HPACKError) as error:
            events, broken = [], error
        if broken is not None:
            bodies = [one for one in said["body"] if int(one) not in self.refused]  # what came before the mistake was seen may pass
            handed_on = said["requests"] or bodies or [one for one in said["ended"] if one not in self.refused]
            if handed_on:
                self.fail(f"h2 has ended the connection ({type(broken).__name__}: {broken}), and we hand on {said}")
            stream = int.from_bytes(bytes_[5:9], "big")
            if not said["fault"] and stream in self.running - self.refused:
                self.fail(f"h2 has ended the connection ({type(broken).__name__}: {broken}), and stream {stream} runs on for us")
            self.tally["ended by h2, " + ("and by us" if said["fault"] else "refused by us" if said["refused"] else "passed over by us")] += 1
            return False
        self.compare(said, events)
        if any(isinstance(event, h2.events.ConnectionTerminated) for event in events):
            self.tally["a GOAWAY, behind which h2 takes nothing"] += 1
            return False
        if said["fault"]:
            if said["fault"] not in STRICTER:
                self.fail(f"we have ended the connection ({said['fault']}), and h2 goes on with {events}")
            self.tally["ended by us alone: " + said["fault"]] += 1
            return False
        return True

    def compare(self, said, events):
        requests = {event.stream_id: request_of(event) for event in events if isinstance(event, h2.events.RequestReceived)}
        for stream, method, target, host, fields in said["requests"]:
            mine = [method, target, host, sorted(fields)]
            if requests.get(stream) != mine:
                self.fail(f"stream {stream} is {mine} for us and {requests.get(stream)} for h2")
            self.tally["the same request"] += 1
        handed = {one[0] for one in said["requests"]}
        self.running.update(handed)
        self.running -= set(said["gone"])
        for stream in requests:
            if stream not in handed and stream not in self.refused and not said["fault"]:
                self.fail(f"stream {stream} is a request for h2, and nothing for us")
        body = collections.defaultdict(str)
        for event in events:
            if isinstance(event, h2.events.DataReceived):
                body[str(event.stream_id)] += event.data.hex()
        for stream, piece in said["body"].items():
            if not body[stream].startswith(piece):
                self.fail(f"stream {stream} has the body {piece} for us and {body[stream]} for h2")
        ended = {event.stream_id for event in events if isinstance(event, h2.events.StreamEnded)}
        for stream in set(said["ended"]) - ended:
            # A length of 0 ends a request before END_STREAM does.
            if stream not in handed:
                self.fail(f"stream {stream} has ended for us, and not for h2")

    def answer(self, how, dice):
        streams = sorted(self.running - self.refused)
        if not streams:
            return
        stream = dice.choice(streams)
        self.running.remove(stream)
        if how == "respond":
            self.theirs.send_headers(stream, [(":status", "200")], end_stream=True)
        else:
            self.theirs.reset_stream(stream, 8)
        self.ours.say(f"{how} {stream}")


def main():
    program, connections = sys.argv[1], int(sys.argv[2])
    dice = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 20261127)
    ours, tally, frames = Ours(program), collections.Counter(), 0
    for _ in range(connections):
        client, connection = Client(dice), Connection(ours, tally)
        going = connection.take(frame(SETTINGS, 0, 0))
        while going and len(connection.trace) < 40:
            going = connection.take(client.step())
            if going and dice.random() < 0.2:
                connection.answer(dice.choice(["respond", "reset"]), dice)
        frames += len(connection.trace)
    if tally["the same request"] < connections:
        sys.exit(f"hardly anything was a request: {tally}")
    print(f"{connections} connections, {frames} frames")
    for what, count in sorted(tally.items()):
        print(f"  {what}: {count}")


main()
