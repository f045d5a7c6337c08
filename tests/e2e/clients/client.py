# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
#
# client.py URL CA COOKIE VERSION: the exchanges of real_clients_test.mjs with Python's httpx (h11 below HTTP/1.1, h2 below HTTP/2), which
# raises whatever they do not take for HTTP. VERSION: HTTP/1.1 or HTTP/2. Says what went wrong and ends with 1.
import asyncio
import hashlib
import ssl
import sys

import httpx

url, authority, cookie, version = sys.argv[1:]
large = bytes(range(256)) * 12288  # 3 MiB


async def pieces():
    for at in range(0, len(large), 100_000):
        yield large[at : at + 100_000]


def agree(what, seen, wanted):
    if seen != wanted:
        sys.exit(f"{what}: {seen!r}, not {wanted!r}")


async def main():
    context = ssl.create_default_context(cafile=authority)
    http2 = version == "HTTP/2"
    async with httpx.AsyncClient(
        http1=not http2, http2=http2, verify=context, base_url=url, cookies=dict([cookie.split("=", 1)]), follow_redirects=True
    ) as client:
        for i in range(20):
            answer = await client.get(f"/small/{i}", params={"a": "b c", "d": "é&"})
            agree("small", (answer.status_code, answer.http_version, answer.text), (200, version, f"GET /small/{i}?a=b%20c&d=%C3%A9%26"))
        agree("many", [a.text for a in await asyncio.gather(*(client.get(f"/n/{i}") for i in range(50)))], [f"GET /n/{i}" for i in range(50)])
        agree("large", hashlib.sha256((await client.get("/large")).content).digest(), hashlib.sha256(large).digest())
        digest = hashlib.sha256(large).hexdigest()
        agree("upload", (await client.post("/up", content=large)).text, f"{len(large)} {digest}")
        agree("upload without a length", (await client.put("/up", content=pieces())).text, f"{len(large)} {digest}")
        agree("form", (await client.post("/up", data={"a": "b"})).text.split()[0], "3")
        agree("empty", (await client.post("/up")).text.split()[0], "0")
        head = await client.head("/large")
        agree("head", (head.status_code, head.content), (200, b""))
        agree("no content", (await client.get("/none")).status_code, 204)
        agree("trailers", (await client.get("/trailers")).text, "body")
        agree("gzip", (await client.get("/gzip")).text, "unpacked " * 1000)
        whole = await client.get("/large", headers={"range": "bytes=5-9"})
        agree("range", (whole.status_code, len(whole.content)), (200, len(large)))
        moved = await client.get("/moved")
        agree("redirect", (moved.text, str(moved.url)), ("GET /arrived", f"{url}/arrived"))
        agree("refused", ((await client.delete("/small")).status_code), 403)
        async with client.stream("GET", "/slow") as slow:
            agree("slow", [line.rstrip("\n") async for line in slow.aiter_lines()], ["one", "two", "three"])


asyncio.run(main())
