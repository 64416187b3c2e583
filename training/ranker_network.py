"""Fits the network of ranker.py: which file answers, each seen through its best row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from ranker_data import Query
from torch.nn import functional

from codesearch.retrieval.network import CLIP, Network
from codesearch.retrieval.ranking import order_by_file, to_file_features

# Networks that differ in their start alone, joined into one: their mean.
STARTS, HIDDEN = 4, 32
EPOCHS, QUERIES_AT_ONCE = 15, 64
LEARNING_RATE, WEIGHT_DECAY = 3e-3, 1e-2
DROPPED_FEATURES, DROPPED_UNITS = 0.1, 0.3


def to_files(query: Query, sums: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Return what the network sees of each file, and the row with the highest sum in each."""
    order, firsts = order_by_file(sums, query.files)
    return to_file_features(query.features, sums, order[firsts]), order[firsts]


class _Files:
    """The files of all queries, one query's after another's."""

    def __init__(self, queries: Sequence[Query], weights: NDArray[np.float32]) -> None:
        features, right, counts, query_weights = [], [], [], []
        for query in queries:
            seen, best = to_files(query, query.features @ weights)
            right_files = np.unique(query.files[query.covers.any(axis=1)])
            if len(right_files):
                features.append(seen)
                right.append(np.isin(query.files[best], right_files))
                counts.append(len(best))
                query_weights.append(query.weight)
        values = np.concatenate(features)
        self.means = values.mean(axis=0).astype(np.float32)
        self.deviations = (values.std(axis=0) + 1e-6).astype(np.float32)
        standardised = np.clip((values - self.means) / self.deviations, -CLIP, CLIP).astype(np.float32)
        self.values = torch.from_numpy(standardised)
        self.right = torch.from_numpy(np.concatenate(right).astype(np.float32))
        self.counts = np.array(counts)
        self.starts = np.cumsum(self.counts) - self.counts
        self.weights = torch.tensor(query_weights, dtype=torch.float32)

    def select(self, queries: NDArray[np.intp]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the places of these queries' files, and for each which of the queries it belongs to."""
        counts = self.counts[queries]
        shift = self.starts[queries] - (np.cumsum(counts) - counts)
        places = np.repeat(shift, counts) + np.arange(counts.sum())
        return torch.from_numpy(places), torch.from_numpy(np.repeat(np.arange(len(queries)), counts))


def fit_network(queries: Sequence[Query], weights: NDArray[np.float32]) -> Network:
    """Return the network that gives the right files of each query the largest share of a softmax over its files."""
    torch.set_num_threads(1)
    files = _Files(queries, weights)
    layers = [_fit_start(files, start) for start in range(STARTS)]
    return Network(
        means=files.means,
        deviations=files.deviations,
        hidden=np.concatenate([hidden for hidden, _, _ in layers], axis=1),
        bias=np.concatenate([bias for _, bias, _ in layers]),
        output=(np.concatenate([output for _, _, output in layers]) / STARTS).astype(np.float32),
    )


def _fit_start(files: _Files, start: int) -> tuple[Any, Any, Any]:
    torch.manual_seed(start)
    order = np.random.default_rng(start)
    first, second = torch.nn.Linear(files.values.shape[1], HIDDEN), torch.nn.Linear(HIDDEN, 1)
    parameters = [*first.parameters(), *second.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    count = len(files.counts)
    steps = EPOCHS * -(-count // QUERIES_AT_ONCE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps + 1)
    for _ in range(EPOCHS):
        shuffled = order.permutation(count)
        for begin in range(0, count, QUERIES_AT_ONCE):
            chosen = shuffled[begin : begin + QUERIES_AT_ONCE]
            places, groups = files.select(chosen)
            units = functional.relu(first(functional.dropout(files.values[places], DROPPED_FEATURES)))
            margins = second(functional.dropout(units, DROPPED_UNITS)).squeeze(-1)
            loss = _loss(margins, files.right[places], groups, files.weights[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return (
        first.weight.detach().numpy().T.copy(),
        first.bias.detach().numpy().copy(),
        second.weight.detach().numpy()[0].copy(),
    )


def _loss(margins: torch.Tensor, right: torch.Tensor, groups: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return the cross entropy between the right files of each query and its softmax, the weighted mean of all."""
    zeros = torch.zeros(len(weights))
    highest = torch.full((len(weights),), -torch.inf).scatter_reduce(0, groups, margins.detach(), "amax")
    sums = zeros.index_add(0, groups, (margins - highest[groups]).exp()).log() + highest
    missing = zeros.index_add(0, groups, (sums[groups] - margins) * right) / zeros.index_add(0, groups, right)
    return (missing * weights).sum() / weights.sum()
