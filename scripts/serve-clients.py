"""Calls the data service through `postgrest` of PyPI: serve-clients.py URL KEY. Run by scripts/serve-clients."""

import sys

from postgrest import CountMethod, SyncPostgrestClient
from postgrest.exceptions import APIError

url, key = sys.argv[1:]
client = SyncPostgrestClient(url, headers={"Authorization": f"Bearer {key}"})
calls = 0


def same(found, expected):
    global calls
    calls += 1
    assert found == expected, f"call {calls}: {found!r} is not {expected!r}"


def refused(request, code):
    global calls
    calls += 1
    try:
        request.execute()
    except APIError as error:
        assert error.code == code, f"call {calls}: {error.code} {error.message}"
        return
    raise AssertionError(f"call {calls}: it was not refused with {code}")


def table(name):
    return client.from_(name)


same(table("customer").insert({"id": 1, "name": "Ada", "tags": ["a", "b"]}).execute().data[0]["name"], "Ada")
same(len(table("customer").insert([{"id": 2, "name": "Bob"}, {"id": 3, "name": "Eve"}]).execute().data), 2)
rows = [{"customer_id": 1, "cents": 5}, {"customer_id": 1, "cents": 7}, {"customer_id": 2, "cents": 9}]
same(len(table("invoice").insert(rows).execute().data), 3)
same(table("customer").select("name").order("id").execute().data, [{"name": "Ada"}, {"name": "Bob"}, {"name": "Eve"}])
same(table("customer").select("id").eq("name", "Bob").execute().data, [{"id": 2}])
same(table("customer").select("id").in_("id", [1, 3]).order("id", desc=True).execute().data, [{"id": 3}, {"id": 1}])
same(table("customer").select("id").like("name", "%o%").execute().data, [{"id": 2}])
same(table("customer").select("id").or_("id.eq.1,name.eq.Eve").order("id").execute().data, [{"id": 1}, {"id": 3}])
same(table("customer").select("id").contains("tags", ["a"]).execute().data, [{"id": 1}])
same(table("customer").select("name,invoice(cents)").eq("id", 2).execute().data, [{"name": "Bob", "invoice": [{"cents": 9}]}])
same(table("invoice").select("cents,customer!inner(name)").eq("customer.name", "Bob").execute().data, [{"cents": 9, "customer": {"name": "Bob"}}])
same(table("customer").select("id", count=CountMethod.exact).limit(1).execute().count, 3)
same(table("customer").select("id").order("id").range(1, 2).execute().data, [{"id": 2}, {"id": 3}])
same(table("customer").select("name").eq("id", 1).single().execute().data, {"name": "Ada"})
same(table("customer").select("name").eq("id", 99).maybe_single().execute(), None)
same(table("customer").upsert({"id": 3, "name": "Eva"}).execute().data[0]["name"], "Eva")
same(table("customer").update({"name": "Bobby"}).eq("id", 2).execute().data[0]["name"], "Bobby")
same(table("invoice").delete().eq("customer_id", 2).execute().data[0]["cents"], 9)
same(client.rpc("total_of", {"customer": 1}).execute().data, 12)
same(client.rpc("total_of", {"customer": 1}, get=True).execute().data, 12)
refused(table("customer").insert({"id": 1, "name": "Again"}), "23505")
refused(table("customer").select("nothing"), "42703")
refused(table("nothing").select("*"), "PGRST205")
refused(table("customer").select("name").single(), "PGRST116")
refused(client.rpc("pg_sleep", {"seconds": 1}), "PGRST202")
refused(SyncPostgrestClient(url, headers={"Authorization": "Bearer wrong"}).from_("customer").select("*"), "PGRST301")
print(f"postgrest (PyPI): {calls} calls")
