"""Write the golden indexes of the current format, and record their answers.

    python tests/golden/make.py

Run this only for a new format. The index of a released format is never created
again, because it represents the indexes of users. Existing indexes are not
overwritten.

    python tests/golden/make.py answers

Record the answers of the existing indexes again. Run this only after an intended
change of search, such as fusion or snippets, and review the difference in
answers.json before committing it.

The encoder is a BERT of 2 layers with random weights: it knows no meanings, is
small, and returns the same embeddings on every machine.
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import sys
import tempfile
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from nutgraf.index import Article, IndexWriter, create_index
from nutgraf.index.keywords import ENGINES
from nutgraf.index.manifest import FORMAT
from nutgraf.index.models.encoder import export_encoder
from nutgraf.index.models.quiet import quiet
from nutgraf.index.models.samples import SAMPLES
from nutgraf.search import Filters, Searcher, SearchRequest

HERE: Final = Path(__file__).parent

SEED: Final = 3
"""Seed of the weights, chosen so that no two hits are closer than APART."""

APART: Final = 0.05
"""Minimum difference of the log-odds of consecutive hits, unless they are equal.

Machines differ in the last bits of a score, and the recorded order must not depend
on them.
"""

FIRST: Final = (
    Article(
        "ferry-strike",
        "Ferry crews walk out over night shifts",
        (
            "Ferry crews on the Skarne crossing walked out at dawn, and the harbour of Port "
            "Aldane filled with lorries. The union wants an end to double night shifts.",
            "The company offered two extra days of rest. “We were never asked,” said a deckhand.",
            "Islanders bought what bread and milk there was; by noon the shelves were empty.",
        ),
        url="https://example.org/ledger/ferry-strike",
        source="The Harrow Ledger",
        author="Marguerite Sallow",
        section="transport",
        published="2022-03-15",
    ),
    Article(
        "bread-price",
        "The price of bread rises again",
        (
            "Bakers raised the price of bread by a tenth, the third rise since the mill burned.",
            "A loaf now costs what two did when the bakery opened in 1998.",
        ),
        source="Vale Courier",
        author="Ines Aquilar",
        section="business",
        published="2022-11-02T09:30:00+01:00",
    ),
    Article(
        "mill-fire",
        "Fire guts the old mill",
        (
            "A fire that began in a grain dryer gutted the old mill overnight. Nobody was hurt.",
            "The mill ground flour for every bakery in the valley.",
            "Firefighters pumped water from the harbour until morning.",
        ),
        source="Vale Courier",
        section="business",
        published="2022-08-20",
    ),
    Article(
        "pont-neuf",
        "Le pont de l'île sera reconstruit",
        (
            "Le pont qui relie l'île au port sera reconstruit avant l'été, a promis la mairie.",
            "Les pêcheurs demandent qui paiera le nouveau pont.",
        ),
        source="La Gazette du Port",
        section="transport",
        published="2023-01-04",
        language="fr",
    ),
    Article(
        "wolves",
        "Wolves return to the forest of Corve",
        (
            "Wolves have returned to the forest after a hundred and fifty years.",
            "Shepherds bought dogs, fences & lamps; the state pays for each lamb that was taken.",
        ),
        section="environment",
    ),
    Article(
        "rumour",
        "A bridge is said to be closed",
        ("The bridge to the island is said to be closed. It is not, the harbour master says.",),
        source="The Harrow Ledger",
        published="2022-12-30",
    ),
)
"""The first commit."""

SECOND: Final = (
    Article(
        "mill-fire",
        "Fire guts the old mill; arson is ruled out",
        (
            "A fire that began in a grain dryer gutted the old mill overnight. Nobody was hurt.",
            "Police ruled out arson on Friday. The owner means to rebuild the mill in brick.",
        ),
        source="Vale Courier",
        section="business",
        published="2022-08-26",
    ),
    Article(
        "new-bridge",
        "Who pays for the new bridge?",
        (
            "The new bridge to the island will cost twice what was planned, and the harbour board "
            "wants drivers to pay for it. A toll of three pounds is proposed.",
            "Ferry owners say that a bridge would end the crossing within a year.",
            "The board has met eleven times. In March it heard the engineers, who want piers of "
            "granite and a span of ninety metres; in April the fishermen, who want none of it, and "
            "a lawyer for the eel smokers of Skarne. In May nobody came but two schoolchildren "
            "with a model made of spaghetti, which held up a brick. In June the minutes were lost. "
            "In July they were found in the freezer of a trawler, legible but for the vote, and "
            "the vote was taken again. It was a tie; the chairman, who had slept, asked for it to "
            "be repeated, and it was a tie once more. In August the board was on holiday, and in "
            "September it was told that granite had become dearer than gold, or nearly so.",
            "Photo: Jane Doe",
        ),
        source="The Harrow Ledger",
        author="Tobias Rennick",
        section="transport",
        published="2023-02-11",
    ),
)
"""The second commit: it replaces 1 article, adds 1 and deletes DELETED."""

DELETED: Final = "rumour"

LATER: Final = Filters(published_from="2022-08-01", section=("transport",))
ONE_SOURCE: Final = Filters(source=("The Harrow Ledger",))
FRENCH: Final = Filters(language=("fr",))

REQUESTS: Final = (
    SearchRequest("who pays for the new bridge"),
    SearchRequest("the mill that burned", fusion="rrf", filters=Filters(section=("business",))),
    SearchRequest('"price of bread"'),
    SearchRequest("harbour +ferry -bridge", mode="keyword"),
    SearchRequest("bridg* OR firefigter~", mode="keyword"),
    SearchRequest("title:mill", mode="keyword"),
    SearchRequest("+engineers +spaghetti +gold -ferry", mode="keyword"),
    SearchRequest("animals of the forest", mode="semantic", limit=4),
    SearchRequest("harbour -shifts", mode="semantic", filters=ONE_SOURCE),
    SearchRequest("the harbour", filters=LATER),
    SearchRequest("pont", mode="keyword", filters=FRENCH),
)


def main(arguments: list[str]) -> None:
    """Create missing indexes unless only answers are wanted; record all answers."""
    if arguments not in ([], ["answers"]):
        sys.exit(__doc__)
    if not arguments:
        for engine in ENGINES:
            suffix = "" if engine == "tantivy" else f"-{engine}"
            destination = HERE / f"format-{FORMAT}{suffix}.index"
            if destination.exists():
                sys.exit(f"{destination.name} already exists; a released format is never rewritten")
            with tempfile.TemporaryDirectory() as folder:
                make_index(destination, engine, make_encoder(Path(folder)))
    answers = {path.name: record(path) for path in sorted(HERE.glob("*.index"))}
    text = json.dumps(answers, indent=1, ensure_ascii=False)
    (HERE / "answers.json").write_text(text + "\n", "utf-8")


def record(index: Path) -> dict[str, Any]:
    """Return the answers of a copy of the index.

    A copy, because SQLite's readers leave files behind.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(index, Path(folder) / index.name)
        with Searcher(copy, trust=True) as searcher:
            for request in REQUESTS:
                check_apart(searcher, request)
            return {
                "statistics": statistics_of(searcher),
                "answers": [ask(searcher, request) for request in REQUESTS],
            }


def make_index(path: Path, engine: Any, encoder: Path) -> None:
    """Create an index of 2 commits without locks, which name this machine."""
    create_index(path, model=str(encoder), keyword_engine=engine)
    with IndexWriter(path, trust=True) as writer:
        for article in FIRST:
            writer.put(article)
    with IndexWriter(path, trust=True) as writer:
        for article in SECOND:
            writer.put(article)
        writer.delete(DELETED)
    for lock in (*path.glob("*.lock"), *path.glob("keywords/*[Ll][Oo][Cc][Kk]")):
        lock.unlink()
    for file in path.rglob("*"):
        file.chmod(0o755 if file.is_dir() else 0o644)


def ask(searcher: Searcher, request: SearchRequest) -> dict[str, Any]:
    """Return the request and its answer in the recorded form."""
    response = searcher.search(request).to_dict()
    hits = [
        {
            "id": hit["paragraph"]["id"],
            "score": round(hit["score"], 4),
            "snippet": hit["snippet"]["html"],
        }
        for hit in response["hits"]
    ]
    filters = {name: value for name, value in asdict(request.filters).items() if value}
    asked = {name: getattr(request, name) for name in ("q", "mode", "limit", "fusion")}
    return {
        "request": {**asked, "filters": filters},
        "total": response["total"],
        "hits": hits,
        "warnings": response["warnings"],
    }


def statistics_of(searcher: Searcher) -> dict[str, Any]:
    """Return the counts except sizes, which differ between file systems."""
    found = asdict(searcher.statistics())
    return {name: found[name] for name in found if "bytes" not in name and name != "parts"}


def request_of(fields: dict[str, Any]) -> SearchRequest:
    """Return the recorded request; options added later have their defaults."""
    filters = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in fields["filters"].items()
    }
    return SearchRequest(**{**fields, "filters": Filters(**filters)})


def check_apart(searcher: Searcher, request: SearchRequest) -> None:
    """Exit if two scores are so close that machines may order them differently."""
    # Reciprocal ranks hide close cosines, so compare the cosines.
    asked = replace(request, mode="semantic") if request.fusion == "rrf" else request
    scores = [hit.score for hit in searcher.search(asked).hits]
    for better, worse in pairwise(scores):
        if better != worse and log_odds(better) - log_odds(worse) < APART:
            sys.exit(f"{request.q!r} has hits at {better} and {worse}; try another SEED")


def log_odds(score: float) -> float:
    """Return ln(score / (1 - score)), the value that the score is computed from."""
    return math.log(score / (1 - score)) if score < 1 else math.inf


def make_encoder(folder: Path) -> Path:
    """Export a tiny model with random weights and its own WordPiece vocabulary."""
    with quiet():
        import torch
        import transformers
        from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    torch.manual_seed(SEED)
    texts = [text.lower() for text in (*SAMPLES, *(p for a in FIRST for p in a.paragraphs))]
    words = {word for text in texts for word in re.findall(r"\w+|[^\w\s]", text)}
    letters = sorted({letter for word in words for letter in word})
    common = sorted(words, key=lambda word: (-sum(word in text for text in texts), word))[:200]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters, *(f"##{one}" for one in letters)]
    vocabulary = {piece: at for at, piece in enumerate(dict.fromkeys([*pieces, *common]))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(strip_accents=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    model = folder / "model"
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]",
        sep_token="[SEP]", model_input_names=["input_ids", "attention_mask", "token_type_ids"],
    ).save_pretrained(model)  # fmt: skip
    config = transformers.BertConfig(
        vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=64, max_position_embeddings=256,
        initializer_range=0.2,  # Near 0, all texts would have the same embedding.
    )  # fmt: skip
    transformers.BertModel(config).save_pretrained(model)
    kinds = (("", "Transformer"), ("1_Pooling", "Pooling"))
    modules = [
        {"idx": at, "name": str(at), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for at, (path, kind) in enumerate(kinds)
    ]
    pooling = {"word_embedding_dimension": 32, "pooling_mode_mean_tokens": True}
    (model / "1_Pooling").mkdir()
    for name, values in (
        ("modules.json", modules),
        ("1_Pooling/config.json", pooling),
        ("sentence_bert_config.json", {"max_seq_length": 256, "do_lower_case": False}),
    ):
        (model / name).write_text(json.dumps(values))
    # A fixed name: the default is the folder, a path of this machine.
    export_encoder(model, "golden-tiny", folder / "encoder")
    shutil.rmtree(model)
    return folder / "encoder"


if __name__ == "__main__":
    os.environ["HF_HUB_OFFLINE"] = "1"
    main(sys.argv[1:])
