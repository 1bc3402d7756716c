#!/usr/bin/env python3
"""A job: how much a plant has in stock. What a real site would ask its own systems for is made up
from the plant's name; a plant that is closed has nobody to ask."""

import json
import sys

plant = json.load(sys.stdin)
if plant["state"] == "closed":
    sys.exit(f"{plant['site']} is closed")
print(json.dumps({"site": plant["site"], "tons": sum(plant["site"].encode()) % 100}))
