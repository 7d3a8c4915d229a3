"""How prompts, definitions, events, history and errors are written as the protocol's JSON and frames.

One module per shape; nothing here does input or output.
"""
