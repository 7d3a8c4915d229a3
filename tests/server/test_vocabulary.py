"""The editor gets the pairs that the text encoder reads words by."""

import pytest

from engine.errors import EngineError
from engine.models.text_encoders.clip_config import VOCABULARY_SIZE
from engine.server.routes import vocabulary


@pytest.mark.parametrize("flags", [(), ("--enable-compress-response-body",)])
async def test_the_pairs_of_the_vocabulary(open_site, flags):
    site = await open_site(*flags)
    answer = await site.http.get("/api/weft/clip_pairs")
    lines = (await answer.text()).split("\n")
    assert answer.status == 200 and answer.content_type == "text/plain"
    assert lines[1] == "i n" and len(lines) > VOCABULARY_SIZE - 2 * 256 - 2


async def test_where_they_are_missing_it_says_what_to_do(site, monkeypatch):
    def missing():
        raise EngineError("Run `pip install -r requirements.txt`.")

    monkeypatch.setattr(vocabulary, "clip_pairs_path", missing)
    answer = await site.http.get("/weft/clip_pairs")
    assert answer.status == 404 and "pip install" in await answer.text()
