"""asyncpg for Python over uvloop, with the same workloads: the twin of ../child.ts."""

import asyncio
import gc
import itertools
import json
import platform
import resource
import sys
import time

import asyncpg

try:
    import uvloop
except ImportError:
    uvloop = None


async def connect(dsn, work):
    connection = await asyncpg.connect(dsn)
    if work["kind"] == "fetch":
        # The others parse json too.
        await connection.set_type_codec(
            "jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads
        )
    return connection


def keys_of(spec):
    work = spec["work"]
    return spec["keys"] if work["kind"] in ("lookup", "pool", "transaction") else []


async def callers_of(spec):
    """One function for each caller, and what to close at the end."""
    work, dsn = spec["work"], spec["dsn"]
    kind = work["kind"]
    keys = keys_of(spec)

    if kind == "connect":
        async def connect_once():
            connection = await asyncpg.connect(dsn)
            await connection.fetch(work["text"])
            await connection.close()

        return [connect_once] * spec["connections"], []

    if kind == "pool":
        pool = await asyncpg.create_pool(dsn, min_size=work["size"], max_size=work["size"])
        key = itertools.cycle(keys)

        async def lookup_in_pool():
            await pool.fetchrow(work["text"], next(key))

        return [lookup_in_pool] * work["callers"], [pool]

    if kind == "transaction":
        pool = await asyncpg.create_pool(dsn, min_size=work["size"], max_size=work["size"])
        key = itertools.cycle(keys)

        async def change():
            id = next(key)
            async with pool.acquire() as connection, connection.transaction():
                for text in work["texts"]:
                    await connection.fetch(text, id)

        return [change] * work["size"], [pool]

    connections = [await connect(dsn, work) for _ in range(spec["connections"])]
    return [caller_of(connection, work, keys, i) for i, connection in enumerate(connections)], connections


def caller_of(connection, work, keys, number):
    kind = work["kind"]
    if kind == "fetch":
        text, args, rows = work["text"], work["args"], work["rows"]

        async def fetch():
            got = await connection.fetch(text, *args)
            if rows is not None and len(got) != rows:
                raise RuntimeError(f"{len(got)} rows in place of {rows}")

        return fetch
    if kind == "lookup":
        position = number * 997

        async def lookup():
            nonlocal position
            key = keys[position % len(keys)]
            position += 1
            await connection.fetchrow(work["text"], key)

        return lookup
    if kind == "many":
        sets = [tuple(work["row"])] * work["count"]

        async def many():
            await connection.executemany(work["text"], sets)

        return many
    if kind == "copyIn":
        records = [tuple(work["row"])] * work["count"]

        async def copy_in():
            await connection.copy_records_to_table(
                work["table"], columns=work["columns"], records=records
            )

        return copy_in
    if kind == "copyOut":
        async def copy_out():
            total = 0

            async def output(chunk):
                nonlocal total
                total += len(chunk)

            await connection.copy_from_query(work["text"], output=output)
            if total == 0:
                raise RuntimeError("no bytes came")

        return copy_out
    raise ValueError(kind)


async def run_for(callers, seconds, latencies):
    end = time.perf_counter() + seconds

    async def repeat(call):
        while True:
            began = time.perf_counter()
            if began >= end:
                return
            await call()
            latencies.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(repeat(call) for call in callers))
    return time.perf_counter() - began


async def main(spec):
    callers, closables = await callers_of(spec)
    await run_for(callers, spec["warmup"], [])
    gc.collect()
    latencies = []
    before = resource.getrusage(resource.RUSAGE_SELF)
    seconds = await run_for(callers, spec["seconds"], latencies)
    after = resource.getrusage(resource.RUSAGE_SELF)
    for closable in closables:
        await closable.close()
    latencies.sort()

    def quantile(q):
        return latencies[min(len(latencies) - 1, int(len(latencies) * q))] * 1e6

    print(
        json.dumps(
            {
                "version": asyncpg.__version__,
                "runtime": f"Python {platform.python_version()}, "
                + (f"uvloop {uvloop.__version__}" if uvloop else "asyncio, as uvloop is missing"),
                "operations": len(latencies),
                "seconds": seconds,
                "userMicros": (after.ru_utime - before.ru_utime) * 1e6,
                "systemMicros": (after.ru_stime - before.ru_stime) * 1e6,
                "p50Micros": quantile(0.5),
                "p99Micros": quantile(0.99),
                "peakRssBytes": after.ru_maxrss * 1024,
            }
        )
    )


if uvloop is not None:
    uvloop.install()
asyncio.run(main(json.loads(sys.stdin.read())))
