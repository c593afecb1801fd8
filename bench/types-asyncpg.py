"""The same as bench/types.ts does, with Python's asyncpg. Started by it."""

import asyncio
import json
import sys
import time

import asyncpg

COLUMNS, ROWS, ARGUMENTS, ROUNDS, SECONDS = 10, 1000, 500, 8, 0.25


async def least(operation):
    best = float("inf")
    for _ in range(ROUNDS):
        before = time.process_time_ns()
        end = time.perf_counter() + SECONDS
        operations = 0
        while time.perf_counter() < end:
            await operation()
            operations += 1
        best = min(best, (time.process_time_ns() - before) / operations)
    return best


async def main():
    task = json.load(sys.stdin)
    connection = await asyncpg.connect(task["dsn"])
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads
    )
    values = [await connection.fetchval(task["first"])] * ARGUMENTS
    decode = await least(lambda: connection.fetch(task["results"])) / (ROWS * COLUMNS)
    encode = await least(lambda: connection.fetch(task["args"], *values)) / ARGUMENTS
    print(json.dumps([decode, encode]))
    await connection.close()


asyncio.run(main())
