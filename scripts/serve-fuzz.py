"""Sends random requests: serve-fuzz.py URL KEY NUMBER SEED. With 0 it makes the rows. Run by scripts/serve-fuzz."""

import http.client
import json
import random
import sys
import time
import urllib.parse
from collections import Counter

url, key, number, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
base = urllib.parse.urlsplit(url)
rng = random.Random(seed)
connection = None

# The service's own 5xx for a request: 501, statistics without the monitor's login, and 504, a statement that took too long.
DECLARED = {501, 504}

NAMES = ["id", "name", "tags", "doc"] * 8 + ["cents", "customer_id", "customer", "invoice", "nothing", "pg_class", "*", '"id"', "id; DROP TABLE invoice", "x" * 70, "ä", ""]
OPERATORS = ["eq", "gt", "is", "like"] * 8 + ["eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch", "in", "is", "isdistinct", "fts", "plfts", "phfts(simple)", "wfts(english)", "cs", "cd", "ov", "sl", "sr", "nxr", "nxl", "adj", "not.eq", "eq(any)", "noop", "eq(x)", ""]
VALUES = ["1", "2", "Ada", "null"] * 8 + ["1", "-1", "Ada", "{a,b}", "(1,2)", '("a","b")', "null", "true", "not_null", "[1,2)", "{\"a\":1}", "'; DROP TABLE invoice; --", "$1", "$$x$$", "%", "*", "\\", '"', "(", ")", "{", "\x00", "1e400", "9" * 40, "ä" * 50, "pg_sleep(1)", ""]
CASTS = ["int", "text", "text", "text", "evil", "evil", "_evil", "ticket_state", "_ticket_state", "customer", "_regrole", "regclass[]", "regclass", "json", "pg_read_file", "numeric(3)", "int[]", '"char"', ""]
TABLES = ["customer", "invoice"] * 8 + ["nothing", "pg_class", "martydb", "customer/1", "rpc/total_of", "rpc/pg_sleep", "rpc/", "", "customer%22", "public.customer", "../customer"]
METHODS = ["GET"] * 12 + ["HEAD", "OPTIONS", "POST", "PATCH", "PUT", "DELETE", "TRACE"]
PREFER = ["return=representation", "return=minimal", "return=headers-only", "count=exact", "count=planned", "count=estimated", "resolution=merge-duplicates", "missing=default", "handling=strict", "timezone=Europe/Berlin", "timezone='; --", "max-affected=1", "nonsense", "resolution=ignore-duplicates"]
ACCEPT = ["application/json", "text/csv", "application/vnd.pgrst.object+json", "*/*", "image/png", "application/vnd.pgrst.array+json;nulls=stripped", "text/csv;q=x", "text/evil", "text/evil, */*;q=0.1", "text/html", "application/x-ndjson", "application/geo+json", "x" * 9000]
CONTENT = ["application/json", "text/csv", "application/x-www-form-urlencoded", "text/plain", "image/png", ""]

# Headers of requests that mean something to somebody, or to nobody; and those of answers that no code of a service sets.
HOSTILE = [("Host", "evil.example"), ("Authorization", "Bearer x"), ("apikey", "x"), ("Accept-Encoding", "gzip;q=2, *"), ("Accept-Encoding", "gzip"), ("Origin", "null"), ("Expect", "100-continue"),
           ("Upgrade", "h2c"), ("Idempotency-Key", "x" * 300), ("Idempotency-Key", "\xff"), ("If-Match", '"x"'), ("If-None-Match", "*"), ("If-None-Match", '"a-gzip", W/"b"'), ("Range", "9223372036854775806-9223372036854775807"),
           ("Range-Unit", "bytes"), ("Accept-Profile", "pg_catalog"), ("Content-Profile", "martydb_serve"), ("X-Request-Id", "\xe4" * 100), ("Cookie", "a=b"), ("Read-Preference", "nearest"), ("Martydb-Written", "x"),
           ("Prefer", "count=exact, " * 200), ("X-Forwarded-Host", "x"), ("X-HTTP-Method-Override", "DELETE"), ("Access-Control-Request-Method", "PUT"), ("Content-Encoding", "gzip"), ("TE", "trailers"), ("X-A", "y" * 20000)]
FORBIDDEN = ["clear-site-data", "service-worker-allowed", "alt-svc", "strict-transport-security", "x-accel-redirect", "x-sendfile", "upgrade", "access-control-allow-origin", "content-encoding", "transfer-encoding", "connection", "trailer", "refresh"]
SET_HEADERS = [json.dumps([{name: value}]) for name in FORBIDDEN + ["Content-Length", "X-Fine", "Set-Cookie", "Content-Type", "x y", "", "X-A\r\nX-B"] for value in ["0", "a=1; Path=/", "text/javascript", "\r\nX-Split: 1", "\u00e4", ""]]
SET_HEADERS += ["[", "{}", "null", "[1]", '[{"a":1}]', '{"X-B":"1"}', "x"]

# What the listener says of itself.
ALLOWED = {("transfer-encoding", "chunked"), ("content-encoding", "gzip"), ("connection", "close")}


def path(depth=0):
    name = rng.choice(NAMES)
    for _ in range(rng.choice([0, 0, 0, 1, 2])):
        name += rng.choice(["->", "->>", "-"]) + rng.choice(["a", "0", "-1", "'x'", '"q"', ""])
    return name


def condition():
    return f"{rng.choice(OPERATORS)}.{rng.choice(VALUES)}"


def tree(depth=0):
    if depth > rng.choice([1, 2, 40]) or rng.random() < 0.5:
        return f"{path()}.{condition()}"
    inner = ",".join(tree(depth + 1) for _ in range(rng.choice([0, 1, 2, 3])))
    return f"{rng.choice(['and', 'or', 'not.and', 'nor'])}({inner})"


def select(depth=0):
    entries = []
    for _ in range(rng.choice([1, 1, 2, 3])):
        if depth < 8 and rng.random() < 0.4:
            head = rng.choice(["", "...", "a:"]) + rng.choice(NAMES) + rng.choice(["", "!inner", "!left", "!invoice_customer_id_fkey", "!x"])
            entries.append(f"{head}({select(depth + 1)})")
        else:
            entries.append(rng.choice(["", "a:"]) + path() + rng.choice(["", "", f"::{rng.choice(CASTS)}", ".sum()", ".count()", ".max()::text"]))
    return ",".join(entries)


def query():
    parts = []
    for _ in range(rng.choice([0, 1, 1, 2, 3])):
        kind = rng.random()
        if kind < 0.4:
            parts.append((path(), condition()))
        elif kind < 0.55:
            parts.append((rng.choice(["and", "or", "not.or", "invoice.or"]), f"({tree(1)})"))
        elif kind < 0.8:
            parts.append(("select", select()))
        elif kind < 0.9:
            parts.append((rng.choice(["order", "invoice.order"]), path() + rng.choice(["", ".desc", ".asc.nullsfirst", ".x", "(id)"])))
        else:
            parts.append((rng.choice(["limit", "offset", "columns", "on_conflict", "invoice.limit"]), rng.choice(VALUES)))
    text = "&".join(f"{urllib.parse.quote(name)}={urllib.parse.quote(value)}" for name, value in parts)
    if text and rng.random() < 0.1:
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(["%", "%00", "%zz", "&", "=", "+", "(", '"']) + text[at + 1 :]
    return text


def body():
    row = {rng.choice(NAMES): rng.choice([1, None, "x", [1], {"a": 1}, True, 1e300]) for _ in range(rng.choice([0, 1, 2, 3]))}
    text = rng.choice([json.dumps(row), json.dumps([row, row]), json.dumps([row, {}]), "a,b\n1,2", "a=1&b=2", "[", "", "[" * 2000, '"x"', "\u0000"])
    return text.encode()


def ask(method, target, headers, payload):
    global connection
    for _ in range(2):
        connection = connection or http.client.HTTPConnection(base.hostname, base.port, timeout=30)
        try:
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value)
            connection.endheaders(payload)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            bad = [name for name in FORBIDDEN if name in found and (name, found[name]) not in ALLOWED]
            assert not bad and "x-split" not in found, f"{method} {target}: {found}"
            assert "javascript" not in found.get("content-type", "") and "Path=/shop/" in found.get("set-cookie", "Path=/shop/"), f"{method} {target}: {found}"
            return answer.status, answer.read()
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            connection.close()
            connection = None
    raise AssertionError(f"no answer: {method} {target}")


def one():
    method, table = rng.choice(METHODS), rng.choice(TABLES)
    target = f"{base.path}/{urllib.parse.quote(table, safe='/%.')}?{query()}"
    headers = [("Authorization", f"Bearer {key}"), ("Accept", rng.choice(ACCEPT))]
    prefer = rng.sample(PREFER, rng.choice([0, 0, 1, 2])) + (["tx=rollback"] if method not in ("GET", "HEAD") else [])
    if prefer:
        headers.append(("Prefer", ", ".join(prefer)))
    if rng.random() < 0.2:
        headers += rng.sample(HOSTILE, rng.choice([1, 1, 2, 3]))
    if rng.random() < 0.03:
        method, payload = "GET", None
        target = f"{base.path}/rpc/{rng.choice(['headers', 'raised'])}?h={urllib.parse.quote(rng.choice(SET_HEADERS))}"
    if rng.random() < 0.1:
        headers.append(("Range", rng.choice(["0-1", "1-0", "x", "-", "0-99999999999999999999"])))
    payload = None
    if method in ("POST", "PATCH", "PUT"):
        payload = body()
        headers += [("Content-Length", str(len(payload))), ("Content-Type", rng.choice(CONTENT))]
    status, answer = ask(method, target, headers, payload)
    # PostgREST has these for headers and errors that code of a service words wrongly.
    is_of_service = "/rpc/" in target and any(code in answer for code in (b"PGRST111", b"PGRST112", b"PGRST121"))
    if status >= 500 and status not in DECLARED and not is_of_service:
        raise AssertionError(f"{status}: {method} {target} {headers[1:]} {payload!r}: {answer[:300]!r}")
    # The listener refuses a foreign host, and headers that are too long, by itself; code of the service words its own errors.
    if status >= 400 and answer and status not in (418, 421, 431):
        assert "code" in json.loads(answer), answer[:300]
    return status


DOCUMENTS = ["customer", "invoice", "shop_document"] * 8 + ["nothing", "pg_class", "schema", "stats", "transactions", "customer%22", "public.customer", "%ff", ""]
IDS = ["1", "2", "1", "00000000-0000-7000-8000-000000000000", "ID", "ID", "9" * 40, "x", "1,2", "", "%00", "1%2C2", "null", "query", "1/2"]
OPS = ["insert", "get", "replace", "update", "delete", "query", "count", "aggregate"] * 3 + ["sql", "", None, 7]
WORDS = ["eq", "gt", "in", "is", "like"] * 4 + ["neq", "cs", "fts", "$where", "$gt", "", "not.eq"]
JSON_VALUES = [1, "1", "Ada", None, True, [1, 2], ["a"], [], {}, {"a": 1}, {"$ref": "0.id"}, {"$ref": "0.items.0.id"}, {"$ref": "x"}, {"$ref": {"$ref": 1}}, 1e300, "\x00", "'; --"]
open_transactions = []


def where(depth=0):
    tree = {}
    for _ in range(rng.choice([0, 1, 1, 2])):
        kind = rng.random()
        if kind < 0.2 and depth < 5:
            tree[rng.choice(["and", "or"])] = [where(depth + 1) for _ in range(rng.choice([0, 1, 2]))]
        elif kind < 0.3 and depth < 5:
            tree["not"] = where(depth + 1)
        elif kind < 0.5:
            tree[path()] = rng.choice(JSON_VALUES)
        else:
            tree[path()] = {rng.choice(WORDS): rng.choice(JSON_VALUES)}
    return tree


KEYS = ["name", "n", "list", "list.0", "deep.a", "deep.a.b", "none"] * 4 + ["", ".", "a..b", "$where", "$expr", "a.$b", "'; DROP TABLE shop_document; --", '"', "\\", "{}", "a,b", "\x00", "x" * 70, ".".join("abcdefghijklmnopq"), "$.a ? (@ > 1)"]
MONGO = ["$eq", "$gt", "$lt", "$gte", "$in", "$exists", "$ne"] * 3 + ["$not", "$elemMatch", "$regex", "$where", "$function", "$options", "$", "eq"]
CHANGES = ["$set", "$inc", "$push", "$unset"] * 4 + ["$rename", "$", "$where", "name"]
ids = ["1"]


def mongo_value(depth=0):
    return rng.choice([rng.choice(JSON_VALUES), {rng.choice(MONGO): mongo_value(depth + 1)} if depth < 30 else 1, [rng.choice(JSON_VALUES)], "(", "^A"])


def mongo_where(depth=0):
    tree = {}
    for _ in range(rng.choice([0, 1, 1, 2])):
        if rng.random() < 0.3 and depth < rng.choice([2, 20]):
            tree[rng.choice(["$and", "$or"])] = [mongo_where(depth + 1) for _ in range(rng.choice([0, 1, 2]))]
        else:
            tree[rng.choice(KEYS)] = mongo_value()
    return tree


def mongo_change():
    return {rng.choice(CHANGES): {rng.choice(KEYS): rng.choice(JSON_VALUES + [{"$each": [1]}, {"$each": 1}]) for _ in range(rng.choice([0, 1, 1, 2]))} for _ in range(rng.choice([0, 1, 1, 2]))}


def search():
    body = {"q": rng.choice(["tea", "tea -coffee", "-tea", "the", "", "'", "tea:*", "\\", '"', "x" * 999, 1, "a OR -b", "\x00"])}
    if rng.random() < 0.5:
        body["collections"] = rng.choice([["shop_article"], ["customer"], [], "x", ["shop_article"] * 60, ["shop_article", "nothing"]])
    if rng.random() < 0.3:
        body["limit"] = rng.choice([1, 0, -1, 10**20, "x"])
    return "POST", "search", body


def fields():
    return {
        "where": lambda: rng.choice([where, mongo_where])(), "select": select, "order": lambda: path() + rng.choice(["", ".desc"]), "limit": lambda: rng.choice([1, 5, 0, -1, "x"]),
        "after": lambda: rng.choice(["", "AAAA", "x" * 99]), "embed": lambda: {rng.choice(NAMES): {"select": select(1), "where": where(), "x": 1} if rng.random() < 0.2 else {"select": select(1)}},
        "group": lambda: [path()], "aggregates": lambda: {rng.choice(["n", "x" * 70, ""]): {rng.choice(["count", "sum", "avg", "pg_sleep"]): rng.choice(["*", "cents", path()])}},
        "having": lambda: {"n": {"gt": 0}}, "id": lambda: rng.choice(JSON_VALUES), "values": lambda: rng.choice([{"name": "x" + str(rng.random())}, {rng.choice(NAMES): rng.choice(JSON_VALUES)}, [{"name": "a"}, {"name": "b"}], [], mongo_change()]), "version": lambda: rng.choice([1, 1, 2, "1", -1, 10**20]),
    }


def document(names):
    known = fields()
    return {name: known[name]() for name in names if rng.random() < 0.7}


def operation():
    op = rng.choice(OPS)
    names = {"insert": ["values"], "get": ["id", "select"], "replace": ["id", "values"], "update": ["id", "where", "values", "version"], "delete": ["id", "where"],
             "aggregate": ["where", "group", "aggregates", "having", "order", "limit"]}.get(op, ["where", "select", "order", "limit", "after", "embed"])
    return {"op": op, "collection": rng.choice(["customer", "invoice", "customer", "shop_document", "shop_document", "pg_class", {"$ref": "0.id"}]), **document(names)}


def interactive():
    if not open_transactions or rng.random() < 0.2:
        return "POST", "transactions", rng.choice([None, {}, {"isolation": "serializable"}, {"isolation": "x"}])
    name = rng.choice(open_transactions + ["x", "00000000-" + "0" * 32])
    if rng.random() < 0.2:
        return "DELETE", f"transactions/{name}", None
    return "POST", f"transactions/{name}/operations", operation()


def second_face():
    table, kind = rng.choice(DOCUMENTS), rng.random()
    if rng.random() < 0.05:
        return search()
    if kind < 0.25:
        return rng.choice(["GET", "PUT", "PATCH", "DELETE", "POST"]), f"{table}/{rng.choice(IDS).replace('ID', rng.choice(ids))}", document(["values"]).get("values")
    if kind < 0.4:
        return "GET", f"{table}?{query()}", None
    if kind < 0.6:
        return "POST", f"{table}/query", document(["where", "select", "order", "limit", "after", "embed"])
    if kind < 0.7:
        return "POST", f"{table}/aggregate", document(["where", "group", "aggregates", "having", "order", "limit"])
    if kind < 0.75:
        return "GET", rng.choice([f"{table}/count?{query()}", f"schema/{table}"]), None
    if kind < 0.8:
        return "POST", table, document(["values"]).get("values")
    if kind < 0.92:
        return "POST", "transaction", {"operations": [operation() for _ in range(rng.choice([0, 1, 2, 3]))]}
    return interactive()


def one_document():
    method, target, value = second_face()
    target = f"{base.path.removesuffix('/rest')}/api/db/{urllib.parse.quote(target, safe='/%.?&=')}"
    payload = b"" if value is None else json.dumps(value).encode()
    if payload and rng.random() < 0.05:
        payload = payload[: rng.randrange(len(payload))] + rng.choice([b"", b"{", b"\x00", b"]"])
    headers = [("Authorization", f"Bearer {key}"), ("Prefer", "tx=rollback"), ("Content-Type", "application/json"), ("Content-Length", str(len(payload)))]
    if rng.random() < 0.1:
        headers.append(("If-Match", rng.choice(["*", '"x"', '"1"', '"1", "2"', 'W/"1"', '"99999999999"', ""])))
    status, answer = ask(method, target, headers, payload)
    if status >= 500 and status not in DECLARED:
        raise AssertionError(f"{status}: {method} {target} {payload!r}: {answer[:300]!r}")
    if status >= 400 and answer:
        assert "code" in json.loads(answer), answer[:300]
    if target.endswith("/transactions") and status == 201:
        open_transactions.append(json.loads(answer)["id"])
    if "/transactions/" in target and (method == "DELETE" or status >= 400):
        open_transactions[:] = [name for name in open_transactions if name not in target]
    return status


def make_rows():
    rows = json.dumps([{"id": 1, "name": "Ada", "tags": ["a"], "doc": {"a": [1, 2]}}, {"id": 2, "name": "Bob", "tags": [], "doc": None}])
    for table, text in [("customer", rows), ("invoice", '[{"id":1,"customer_id":1,"cents":5}]')]:
        headers = [("Authorization", f"Bearer {key}"), ("Content-Type", "application/json"), ("Content-Length", str(len(text)))]
        status, answer = ask("POST", f"{base.path}/{table}", headers, text.encode())
        assert status == 201, (status, answer)
    for table, text in [("shop_document", json.dumps([{"name": "Ada", "n": 1, "list": [1, "a"], "deep": {"a": {"b": None}}}, {"name": "Bob"}])), ("shop_article", '{"title":"Tea","body":"Green tea"}')]:
        headers = [("Authorization", f"Bearer {key}"), ("Content-Length", str(len(text)))]
        status, answer = ask("POST", f"{base.path.removesuffix('/rest')}/api/db/{table}", headers, text.encode())
        assert status == 201, (status, answer)


def known_ids():
    _, answer = ask("GET", f"{base.path.removesuffix('/rest')}/api/db/shop_document?select=id", [("Authorization", f"Bearer {key}")], None)
    return [one["id"] for one in json.loads(answer)["items"]]


if number == 0:
    make_rows()
    sys.exit()
ids = known_ids()
start = time.monotonic()
faces = {"rest": (one, Counter()), "api/db": (one_document, Counter())}
for _ in range(number):
    send, statuses = rng.choice(list(faces.values()))
    statuses[send()] += 1
for face, (_, statuses) in faces.items():
    assert statuses[200] >= number // 200, f"too few requests below {face} were answered: {statuses}"
statuses = sum((statuses for _, statuses in faces.values()), Counter())
counts = ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items()))
print(f"{number} requests in {time.monotonic() - start:.0f} s with seed {seed}: {counts}")
