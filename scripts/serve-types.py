"""Uses the client that openapi-python-client makes of the OpenAPI document: serve-types.py URL KEY. Run by scripts/serve-types."""

import importlib
import pkgutil
import sys

sys.path.insert(0, ".")
import client.api
import client.models
from client import AuthenticatedClient

url, key = sys.argv[1:]
modules = [name for _, name, _ in pkgutil.walk_packages(client.api.__path__, "client.api.") if not name.endswith(".default")]
for name in modules:
    importlib.import_module(name)
assert hasattr(client.models, "Ticket") and hasattr(client.models, "TicketState"), dir(client.models)
fields = client.models.Ticket.__annotations__
assert {"id", "state", "pieces", "place", "subject"} <= set(fields), fields
own = AuthenticatedClient(base_url=url, token=key)
rows = [name for name in modules if name.split(".")[-1] in ("read_ticket", "get_ticket", "list_ticket", "read_rows_ticket")]
answer = own.get_httpx_client().get("/rest/ticket")
assert answer.status_code == 200, answer.text
parsed = [client.models.Ticket.from_dict(row) for row in answer.json()]
print(f"openapi-python-client: {len(modules)} modules, {len(parsed)} rows parsed {rows}")
