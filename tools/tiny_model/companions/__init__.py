"""Small models beside the one that ships: control networks, LoRAs, an embedding, variants, a tiny VAE."""
