"""The statistics of the benchmarks, on values with known results."""

from __future__ import annotations

import numpy as np
import pytest
from figures import exact_scores, exponent, extrapolate, mean_recall, percentiles
from own import table_rows
from peers.protocol import fuse, question_words, with_norm_1, with_zeros


def test_percentiles_of_a_hundred_values() -> None:
    found = percentiles(list(range(1, 102)))
    assert found == pytest.approx({"p50": 51, "p95": 96, "p99": 100})


def test_the_exponent_of_a_power_is_found() -> None:
    points = {size: 3 * size**0.5 for size in (10_000, 100_000, 1_000_000)}
    factor, power = exponent(points)
    assert factor == pytest.approx(3)
    assert power == pytest.approx(0.5)
    assert extrapolate(points, 4_000_000, power) == pytest.approx(6_000)


def test_recall_is_the_share_of_the_nearest() -> None:
    scores = np.array([[0.9, 0.8, 0.7, 0.6], [0.1, 0.2, 0.3, 0.4]], np.float32)
    assert mean_recall(scores, [[0, 1], [3, 2]], 2) == 1
    assert mean_recall(scores, [[0, 2], [3, 2]], 2) == pytest.approx(0.75)
    assert mean_recall(scores, [[0, 0], [3, 3]], 2) == pytest.approx(0.5)


def test_recall_counts_equal_scores_and_excluded_rows() -> None:
    scores = np.array([[0.9, 0.8, 0.8, -np.inf]], np.float32)
    assert mean_recall(scores, [[0, 2]], 2) == 1
    assert mean_recall(scores, [[0, 1, 2]], 100) == 1
    assert mean_recall(scores, [[0, 3]], 2) == pytest.approx(0.5)


def test_scores_in_parts_are_those_of_one_product() -> None:
    random = np.random.default_rng(1)
    rows, questions = (random.normal(size=(n, 8)).astype(np.float32) for n in (60_000, 3))
    np.testing.assert_allclose(exact_scores(rows, questions), questions @ rows.T, atol=1e-5)


def test_distance_with_equal_norms_has_the_order_of_the_product() -> None:
    random = np.random.default_rng(1)
    rows = random.normal(size=(200, 8)).astype(np.float32)
    rows /= 1.01 * np.linalg.norm(rows, axis=1).max()
    question = rows[0] / np.linalg.norm(rows[0])
    wide, asked = with_norm_1(rows), with_zeros(question)
    assert wide.shape == (200, 16)
    assert asked.shape == (16,)
    np.testing.assert_allclose(np.linalg.norm(wide, axis=1), 1, atol=1e-6)
    distances = np.linalg.norm(wide - asked, axis=1)
    np.testing.assert_array_equal(np.argsort(distances), np.argsort(-(rows @ question)))


def test_fusion_prefers_hits_of_both_rankings() -> None:
    assert fuse([[1, 2, 3], [3, 4]], 3) == [3, 1, 2]


def test_words_of_a_question_have_no_operators() -> None:
    assert question_words('C++ "and" (what?) field:x*') == ["C", "and", "what", "field", "x"]


def test_rows_of_tables_are_read_with_their_heads() -> None:
    text = "| clients | a |\n|---|---|\n| 1 | 2 |\n\n| rate | b |\n|---|---|\n| 3 | 4 |\n"
    assert list(table_rows(text)) == [
        {"what": "clients", "at": "1", "a": "2"},
        {"what": "rate", "at": "3", "b": "4"},
    ]
