"""Writes a service's own description with values that exist mixed in, so that made-up requests get past the 404.

    python3 scripts/fuzz_api_hints.py URL TOKEN OUT DEVICE SURVEY

TOKEN is an admin's, who sees what there is; DEVICE is the one that sends batches. Nothing in the description is taken away but long waits: where it said "any id" it says "one of these, or any id".
"""

import copy
import json
import sys
import urllib.request


def get(path):
    request = urllib.request.Request(url + path, headers={"Authorization": f"Bearer {token}"})
    return json.load(urllib.request.urlopen(request))


def known(schema, values):
    return {"anyOf": [{"enum": values}, schema]} if values else schema


def ids(path):
    return [item["id"] for item in get(path)["items"]][:8]


url, token, out, device, survey = sys.argv[1:]
api = get("/v1/openapi.json")
cases = ids("/v1/cases?state=in_progress&limit=4") + ids("/v1/cases?state=completed&limit=4")
visit = next(v for case in cases for v in get(f"/v1/cases/{case}")["visits"])
of_path = {
    "cases": cases,
    "links": ids("/v1/links?state=review") + ids("/v1/links?state=merged"),
    "held": ids("/v1/held"),
    "devices": ids("/v1/devices")[:2],
    "batches": [visit["batch_id"]],
}
areas = [row["code"] for row in get("/v1/completion?by=area")["rows"]]
schemas = api["components"]["schemas"]
batch = schemas["Batch"]["properties"]
batch["survey"] = known(batch["survey"], [survey])
batch["device_id"] = known(batch["device_id"], [device])
for name in ("VisitRecord", "InterviewRecord"):
    case = schemas[name]["properties"]["case_id"]
    schemas[name]["properties"]["case_id"] = known(case, cases)
shared = api["components"]["parameters"]
shared["area"]["schema"] = known(shared["area"]["schema"], areas)
for path, calls in api["paths"].items():
    values = of_path.get(path.split("/")[2] if path.startswith("/v1/") else "", [])
    for call in calls.values():
        for n, parameter in enumerate(call.get("parameters", [])):
            if parameter.get("$ref") == "#/components/parameters/id":
                own = copy.deepcopy(shared["id"])
                own["schema"] = known(own["schema"], values)
                call["parameters"][n] = own
            # A call that waits for news waits up to fifty seconds; here one is enough.
            if parameter.get("name") == "wait":
                parameter["schema"]["maximum"] = 1
with open(out, "w") as file:
    json.dump(api, file)
