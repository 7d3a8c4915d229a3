"""`comfy_api`: the schema style of nodes. Versions: `latest`, and the numbered ones, which are the same here."""
