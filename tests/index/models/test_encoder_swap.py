"""Reindex with another real model, which pools by its first token."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer

from nutgraf.index import IndexWriter, compact_index, create_index, reindex, verify_index
from nutgraf.index.article import Article
from nutgraf.index.models.encoder import EncoderConfig, OnnxEncoder
from nutgraf.index.models.files import fingerprint
from nutgraf.index.sources import read_sources
from nutgraf.search import Searcher

SOURCES = Path(__file__).parents[3] / "seeds" / "articles" / "culture.jsonl"
SOME = 12
PREFIX = "Represent this question: "


def exported(model: Path, folder: Path, like: EncoderConfig) -> Path:
    """Create an encoder from bge-small-en.

    The wheel contains only the graph of the transformer, without pooling.
    """
    graph = onnx.load(model / "model.onnx")
    (tokens,) = graph.graph.output
    zero = numpy_helper.from_array(
        numpy_helper.to_array(helper.make_tensor("", 7, [], [0])), "first"
    )
    graph.graph.initializer.append(zero)
    graph.graph.node.extend(
        [
            helper.make_node("Gather", [tokens.name, "first"], ["pooled"], axis=1),
            helper.make_node("LpNormalization", ["pooled"], ["embedding"], axis=-1, p=2),
        ]
    )
    del graph.graph.output[:]
    output = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", 384])
    graph.graph.output.append(output)
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    files = graph.SerializeToString(), tokenizer.to_str().encode()
    config = replace(
        like, name="bge-small-en", pooling="cls", question_prefix=PREFIX, sha256=fingerprint(*files)
    )
    folder.mkdir()
    (folder / "model.onnx").write_bytes(files[0])
    (folder / "tokenizer.json").write_bytes(files[1])
    (folder / "config.json").write_text(json.dumps(config.to_dict()))
    return folder


def test_reindex_with_a_model_of_another_pooling(
    wheel_models: Path, encoder_folder: Path, tmp_path: Path
) -> None:
    like = EncoderConfig.read(encoder_folder)
    bge = exported(wheel_models / "bge_small_en", tmp_path / "bge", like)
    index = tmp_path / "news.index"
    create_index(index, model=str(encoder_folder))
    with IndexWriter(index) as writer:
        for article in list(read_sources([str(SOURCES)]))[:SOME]:
            assert isinstance(article, Article)
            writer.put(replace(article, paragraphs=article.paragraphs[:2]))
    found = {}
    question = "which play or film opened"
    with Searcher(index) as searcher:
        found["before"] = searcher.search(question, mode="semantic").hits
        reindex(index, str(bge))
        searcher.refresh()
        assert searcher.statistics().encoder == "bge-small-en"
        found["after"] = searcher.search(question, mode="semantic").hits
    # Both models find similar hits, but with different scores.
    first, second = ({hit.article.id for hit in hits[:5]} for hits in found.values())
    assert first & second
    scores = [[hit.score for hit in hits] for hits in found.values()]
    assert scores[0] != scores[1]
    assert verify_index(index).clean
    compact_index(index)
    shutil.rmtree(bge)
    assert OnnxEncoder.open(index / "generation-3" / "encoder").config.pooling == "cls"
