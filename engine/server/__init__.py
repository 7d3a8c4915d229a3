"""How do browsers and scripts reach the engine: HTTP routes and the websocket, on aiohttp."""
