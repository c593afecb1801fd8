"""libpq's own parsers, for comparison: one JSON object a line in, one out."""

import ctypes
import json
import os
import sys


class Option(ctypes.Structure):
    _fields_ = [(name, ctypes.c_char_p) for name in (
        "keyword", "envvar", "compiled", "val", "label", "dispchar")] + [("dispsize", ctypes.c_int)]


libpq = ctypes.CDLL(sys.argv[1])
libpq.PQconninfoParse.restype = ctypes.POINTER(Option)
libpq.PQconninfoParse.argtypes = [ctypes.c_char_p, ctypes.POINTER(ctypes.c_char_p)]
libpq.PQconninfo.restype = ctypes.POINTER(Option)
libpq.PQconninfoFree.argtypes = [ctypes.POINTER(Option)]
libpq.PQconnectStart.restype = ctypes.c_void_p
libpq.PQconnectStart.argtypes = [ctypes.c_char_p]
libpq.PQpass.restype = ctypes.c_char_p
for name in ("PQconninfo", "PQpass", "PQfinish", "PQerrorMessage"):
    getattr(libpq, name).argtypes = [ctypes.c_void_p]
libpq.PQerrorMessage.restype = ctypes.c_char_p


def values_of(options):
    values = {}
    index = 0
    while options[index].keyword:
        if options[index].val is not None:
            values[options[index].keyword.decode()] = options[index].val.decode("utf-8", "replace")
        index += 1
    libpq.PQconninfoFree(options)
    return values


def parse(dsn):
    error = ctypes.c_char_p()
    options = libpq.PQconninfoParse(dsn.encode(), ctypes.byref(error))
    if not options:
        return {"error": (error.value or b"").decode("utf-8", "replace")}
    return {"values": values_of(options)}


def resolve(dsn, env):
    """What a connection would be made with. The DSN leads to where nothing listens."""
    os.environ.update(env)
    conn = libpq.PQconnectStart(dsn.encode())
    options = libpq.PQconninfo(conn)
    answer = {
        "values": values_of(options) if options else {},
        "password": (libpq.PQpass(conn) or b"").decode("utf-8", "replace"),
        "error": (libpq.PQerrorMessage(conn) or b"").decode("utf-8", "replace"),
    }
    libpq.PQfinish(conn)
    return answer


for line in sys.stdin:
    request = json.loads(line)
    if "env" in request:
        answer = resolve(request["dsn"], request["env"])
    else:
        answer = parse(request["dsn"])
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
