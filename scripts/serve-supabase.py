"""Calls the data service through `supabase` of PyPI, unchanged: serve-supabase.py URL KEY, the URL that of the service. Run by
scripts/serve-clients."""

import sys

from supabase import create_client

url, key = sys.argv[1:]
client = create_client(url, key)
assert client.table("customer").insert({"id": 61, "name": "Pia"}).execute().data[0]["name"] == "Pia"
client.table("invoice").insert([{"customer_id": 61, "cents": 3}, {"customer_id": 61, "cents": 4}]).execute()
found = client.table("customer").select("name,invoice(count)", count="exact").eq("id", 61).execute()
assert (found.data, found.count) == ([{"name": "Pia", "invoice": [{"count": 2}]}], 1), found
assert client.rpc("total_of", {"customer": 61}).execute().data == 7
client.table("invoice").delete().eq("customer_id", 61).execute()
assert client.table("customer").delete().eq("id", 61).execute().data[0]["id"] == 61
print("supabase (PyPI): 6 calls")
