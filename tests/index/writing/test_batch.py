"""The records of a batch, against numpy's way to stack them."""

from __future__ import annotations

import numpy as np

from nutgraf.index import Article
from nutgraf.index.catalog.rows import ArticleRows, Row
from nutgraf.index.vectors.records import record_type, records_of
from nutgraf.index.writing.batch import Batch


def test_records_of_rows_are_stacked_in_order():
    made = records_of(np.random.default_rng(3).random((3, 6), np.float32))
    batch = Batch(embeddings={bytes([at]): record for at, record in enumerate(made)})
    rows = tuple(Row(at, 0, 0, f"Text {at}") for at in range(4))
    article = Article("a", "A", [row.text for row in rows])
    batch.put(ArticleRows(article, rows, (b"\2", b"", b"\0", b"\2"), b""), None)
    none = np.zeros((), record_type(6))
    stacked = batch.row_embeddings(6)
    assert stacked.tobytes() == np.stack([made[2], none, made[0], made[2]]).tobytes()
    assert len(Batch().row_embeddings(6)) == 0
