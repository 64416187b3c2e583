"""Fits the network of ranker.py: which file answers, each seen through its best row and the matches of the words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from ranker_data import Query
from torch.nn import functional

from codesearch.retrieval.matches import MATCH_FEATURES
from codesearch.retrieval.network import CLIP, Network, TermLayers
from codesearch.retrieval.ranking import order_by_file, to_file_features

# Networks that differ in their start alone, joined into one: their mean.
STARTS, HIDDEN = 4, 32
# Of the two layers that each term's match goes through.
TERM_INNER, TERM_UNITS = 32, 16
EPOCHS, QUERIES_AT_ONCE = 25, 64
LEARNING_RATE, WEIGHT_DECAY = 3e-3, 1e-2
DROPPED_FEATURES, DROPPED_UNITS, DROPPED_INNER = 0.1, 0.3, 0.2


def to_files(query: Query, sums: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Return what the network sees of each file, and the row with the highest sum in each."""
    order, firsts, _ = order_by_file(sums, query.files)
    return to_file_features(query.features, sums, order[firsts]), order[firsts]


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Files of some queries and the matches of their terms.

    files: their positions. groups: which of the queries each belongs to. matches: those of their terms' matches.
    of_file: which of the files each of these is of.
    """

    files: torch.Tensor
    groups: torch.Tensor
    matches: torch.Tensor
    of_file: torch.Tensor


class _Files:
    """The files of all queries, one query's after another's; the matches of their terms, one file's after another's."""

    def __init__(self, queries: Sequence[Query], weights: NDArray[np.float32]) -> None:
        features, right, counts, query_weights, matches, shares, term_counts = [], [], [], [], [], [], []
        for query in queries:
            seen, best = to_files(query, query.features @ weights)
            right_files = np.unique(query.files[query.covers.any(axis=1)])
            if len(right_files):
                features.append(seen)
                right.append(np.isin(query.files[best], right_files))
                counts.append(len(best))
                query_weights.append(query.weight)
                of_query = query.matches_of(best)
                matches.append(of_query.values.transpose(1, 0, 2).reshape(-1, len(MATCH_FEATURES)))
                shares.append(np.tile(of_query.shares, len(best)))
                term_counts.append(np.full(len(best), len(of_query.shares)))
        values = np.concatenate(features)
        self.means = values.mean(axis=0).astype(np.float32)
        self.deviations = (values.std(axis=0) + 1e-6).astype(np.float32)
        standardised = np.clip((values - self.means) / self.deviations, -CLIP, CLIP).astype(np.float32)
        self.values = torch.from_numpy(standardised)
        self.right = torch.from_numpy(np.concatenate(right).astype(np.float32))
        self.counts = np.array(counts)
        self.weights = torch.tensor(query_weights, dtype=torch.float32)
        self.matches = torch.from_numpy(np.concatenate(matches))
        self.shares = torch.from_numpy(np.concatenate(shares))[:, None]
        self._term_counts = np.concatenate(term_counts)

    def select(self, queries: NDArray[np.intp]) -> _Chosen:
        """Return the files of these queries."""
        files, groups = _spread(self.counts, queries)
        matches, of_file = _spread(self._term_counts, files)
        return _Chosen(*map(torch.from_numpy, (files, groups, matches, of_file)))


def _spread(counts: NDArray[np.intp], chosen: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Of runs of so many items return the items of the chosen runs, and for each which of the runs it is in."""
    starts = np.cumsum(counts) - counts
    sizes = counts[chosen]
    shift = starts[chosen] - (np.cumsum(sizes) - sizes)
    return np.repeat(shift, sizes) + np.arange(sizes.sum()), np.repeat(np.arange(len(chosen)), sizes)


class _Layers(torch.nn.Module):  # type: ignore[misc]
    """One of the networks, as codesearch/retrieval/network.py evaluates them."""

    def __init__(self, feature_count: int) -> None:
        super().__init__()
        self.first, self.second = (
            torch.nn.Linear(len(MATCH_FEATURES), TERM_INNER),
            torch.nn.Linear(TERM_INNER, TERM_UNITS),
        )
        self.hidden, self.output = torch.nn.Linear(feature_count + TERM_UNITS, HIDDEN), torch.nn.Linear(HIDDEN, 1)

    def forward(self, files: _Files, chosen: _Chosen) -> torch.Tensor:
        features = functional.dropout(files.values[chosen.files], DROPPED_FEATURES)
        inner = functional.dropout(torch.relu(self.first(files.matches[chosen.matches])), DROPPED_INNER)
        of_terms = torch.relu(self.second(inner)) * files.shares[chosen.matches]
        summed = torch.zeros(len(features), TERM_UNITS).index_add(0, chosen.of_file, of_terms)
        units = torch.relu(self.hidden(torch.cat((features, summed), dim=1)))
        margins: torch.Tensor = self.output(functional.dropout(units, DROPPED_UNITS)).squeeze(-1)
        return margins


def fit_network(queries: Sequence[Query], weights: NDArray[np.float32]) -> Network:
    """Return the network that puts the right files of each query before its wrong ones."""
    torch.set_num_threads(1)
    files = _Files(queries, weights)
    fitted = [_fit_start(files, start) for start in range(STARTS)]
    features = len(files.means)

    def join(layer: str, axis: int, rows: slice = slice(None)) -> NDArray[np.float32]:
        """Stack the weights of a layer, inputs first."""
        arrays = [getattr(layers, layer).weight.detach().numpy().T[rows] for layers in fitted]
        return np.ascontiguousarray(np.stack(arrays, axis=axis))

    def join_bias(layer: str) -> NDArray[np.float32]:
        return np.stack([getattr(layers, layer).bias.detach().numpy() for layers in fitted])

    return Network(
        means=files.means,
        deviations=files.deviations,
        hidden=join("hidden", 1, slice(features)),
        terms=TermLayers(join("first", 1), join_bias("first"), join("second", 0), join_bias("second")),
        from_terms=join("hidden", 0, slice(features, None)),
        bias=join_bias("hidden"),
        output=(join("output", 0)[:, :, 0] / STARTS).astype(np.float32),
    )


def _fit_start(files: _Files, start: int) -> _Layers:
    torch.manual_seed(start)
    order = np.random.default_rng(start)
    layers = _Layers(files.values.shape[1])
    optimizer = torch.optim.AdamW(layers.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    count = len(files.counts)
    steps = EPOCHS * -(-count // QUERIES_AT_ONCE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps + 1)
    for _ in range(EPOCHS):
        shuffled = order.permutation(count)
        for begin in range(0, count, QUERIES_AT_ONCE):
            queries = shuffled[begin : begin + QUERIES_AT_ONCE]
            chosen = files.select(queries)
            margins = layers(files, chosen)
            loss = _loss(margins, files.right[chosen.files], chosen.groups, files.weights[queries])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return layers


def _loss(margins: torch.Tensor, right: torch.Tensor, groups: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return the cross entropy of each right file beside the wrong ones of its query, the weighted mean of all.

    Right files take nothing from one another: which of them comes first makes no difference. The n of one query count
    as sqrt(n).
    """
    zeros = torch.zeros(len(weights))
    highest = torch.full((len(weights),), -torch.inf).scatter_reduce(0, groups, margins.detach(), "amax")
    powers = (margins - highest[groups]).exp()
    wrong = zeros.index_add(0, groups, powers * (1 - right))
    missing = (wrong[groups] + powers).log() + highest[groups] - margins
    counts = zeros.index_add(0, groups, right)
    of_query = zeros.index_add(0, groups, missing * right) / counts.sqrt()
    return (of_query * weights).sum() / (counts.sqrt() * weights).sum()
