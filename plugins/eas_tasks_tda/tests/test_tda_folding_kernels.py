"""The compiled loops of the folding search against sums written out."""

import math
from pathlib import Path

import numpy as np
import pytest
from eas_tasks_tda import plain_kernels, vector_kernels
from eas_tasks_tda.compiled import cache_folder, kernel, sources_digest
from eas_tasks_tda.folding_plan import box_shapes
from eas_tasks_tda.folding_scan import Series, Trials, scan_blocks
from eas_tasks_tda.folding_tree import depth_of, fold_halves, share, share_of
from eas_tasks_tda.folding_wrapped import fold_parts, scan_wrapped
from eas_tasks_tda.profile_search import HALO, WIDTHS

NORM, EDGE = box_shapes()
BOXES = ["boxes_1_3", "boxes_1_5", "boxes_1_7", "boxes_4_5", "boxes_4_7", "boxes_6_7"]
ROOM = 4096


def shifts(rows, drift, *, level=0, k=0, groups=True):
    """By how many bins each row of the k-th part of a level is shifted where the part drifts by `drift`."""
    first, last, middle = (k * rows) >> level, ((k + 1) * rows) >> level, ((2 * k + 1) * rows) >> (level + 1)
    count = last - first
    if count < 2:
        return [0] * count
    if groups and (rows <= 4 or level >= depth_of(rows)):  # groups of at most four rows are summed directly
        return {
            2: [0, drift],
            3: [0, drift // 2, drift],
            4: [0, (drift + 1) // 3, (2 * drift + 1) // 3, drift],
        }[count]
    head = share(drift, share_of(middle - first, count))
    tail = share(drift, share_of(last - middle, count))
    left = shifts(rows, head, level=level + 1, k=2 * k, groups=groups)
    right = shifts(rows, tail, level=level + 1, k=2 * k + 1, groups=groups)
    return left + [drift - tail + shift for shift in right]


def profile_of(series, period, drift, *, wrapped, groups=True):
    """Missing flux and weight in each bin of phase, summed row by row."""
    rows = (series.length - 1) // period + 1
    sums = np.zeros((2, period))
    for row, shift in enumerate(shifts(rows, drift, groups=groups)):
        bins = np.arange(period) + shift
        index = row * period + (bins % period if wrapped else bins)
        sums += [series.missing[index], series.weights[index]]
    return sums


def best_box(missing, weights, *, wrapped, widths):
    """The highest statistic of all boxes, written as its definition says."""
    white = missing / np.sqrt(np.maximum(weights, 1e-20))
    best = 0.0
    for width in widths:
        index = np.arange(len(white))[:, None] + np.arange(width)
        if wrapped:
            index %= len(white)
        else:
            index = index[: len(white) - width + 1]
        inside = white[index]
        value = (inside.sum(axis=1) - EDGE[width - 1] * (inside[:, 0] + inside[:, -1])) * NORM[width - 1]
        best = max(best, float(value.max()))
    return best


def make_series(length, *, weight_type, uniform=False, seed=0):
    rng = np.random.default_rng(seed)
    weights = np.zeros(length + ROOM, weight_type)
    weights[:length] = 1 if uniform else rng.integers(0, 9, length)
    missing = np.zeros(length + ROOM, np.float32)
    missing[:length] = rng.normal(0, 1, length) * np.sqrt(weights[:length])
    return Series(missing, weights, length, uniform)


def make_trials(periods, length, *, step=1):
    periods = np.array(periods)
    counts = (np.maximum((length - 1) // periods, 1) - 1) // step + 1
    places = np.concatenate([[0], np.cumsum(counts)[:-1]])
    limits = np.zeros(len(WIDTHS)), np.full(len(WIDTHS), 1e9)
    return Trials(periods, np.full(len(periods), step), places, NORM, EDGE, *limits), int(counts.sum())


@pytest.mark.parametrize("name", BOXES)
def test_vector_boxes_are_the_plain_ones(name):
    profile = np.random.default_rng(3).normal(0, 1, 160 + HALO).astype(np.float32)
    vector = getattr(vector_kernels, name)

    @kernel
    def call(x, n, norm, edge):
        return vector(x, n, norm, edge)

    plain = getattr(plain_kernels, name)(profile, 160, NORM, EDGE)
    assert call.py_func is not None
    assert call(profile, 160, NORM, EDGE) == pytest.approx(plain, rel=1e-6)
    low, high = (int(word) for word in name.split("_")[1:])
    written = best_box(
        profile[: 160 + high - 1], np.ones(159 + high), wrapped=False, widths=range(low, high + 1)
    )
    assert plain >= written - 1e-5


@kernel
def vector_rows(out, x, weights, floats):
    """Every operation on rows, one below the other in `out`."""
    vector_kernels.add(out[0], 0, x, 3, x, 200, 128)
    vector_kernels.add_three(out[1], 0, x, 3, 200, 77, 128)
    vector_kernels.add_four(out[2], 0, x, 3, 200, 77, 5, 128)
    vector_kernels.whiten(out[3], x, weights, 3, 200, 128)
    vector_kernels.whiten(out[4], x, floats, 3, 200, 128)
    vector_kernels.whiten_four(out[5], x, weights, 3, 200, 77, 5, 128)


def test_vector_rows_are_the_plain_ones():
    rng = np.random.default_rng(4)
    x = rng.normal(0, 1, 400).astype(np.float32)
    weights = rng.integers(0, 15_000, 400).astype(np.uint16)
    vector, plain = np.zeros((6, 144), np.float32), np.zeros((6, 144), np.float32)
    vector_rows(vector, x, weights, weights.astype(np.float32))
    plain_kernels.add(plain[0], 0, x, 3, x, 200, 128)
    plain_kernels.add_three(plain[1], 0, x, 3, 200, 77, 128)
    plain_kernels.add_four(plain[2], 0, x, 3, 200, 77, 5, 128)
    plain_kernels.whiten(plain[3], x, weights, 3, 200, 128)
    plain_kernels.whiten(plain[4], x, weights.astype(np.float32), 3, 200, 128)
    plain_kernels.whiten_four(plain[5], x, weights, 3, 200, 77, 5, 128)
    np.testing.assert_allclose(vector[:, :128], plain[:, :128], rtol=1e-5, atol=1e-6)


def test_sums_of_whole_number_weights_are_exact():
    weights = np.random.default_rng(5).integers(0, 30_000, 300).astype(np.uint16)
    out = np.zeros(200, np.uint16)

    @kernel
    def call(sums, x):
        vector_kernels.add(sums, 8, x, 1, x, 120, 128)

    call(out, weights)
    np.testing.assert_array_equal(out[8:136], weights[1:129] + weights[120:248])


@pytest.mark.parametrize("rows", [2, 3, 4, 5, 7, 8, 13, 16, 31])
def test_a_drift_is_shared_evenly_by_the_rows(rows):
    for drift in range(rows):
        even = drift * np.arange(rows) / (rows - 1)
        assert np.abs(np.array(shifts(rows, drift)) - even).max() <= 0.5 * math.log2(rows) + 0.5


@pytest.mark.parametrize("rows", [2, 3, 5, 8, 13, 22])
def test_the_halves_of_a_fold_are_sums_of_their_rows(rows):
    period, n = 400, 96
    x = np.random.default_rng(rows).normal(0, 1, period * rows + ROOM).astype(np.float32)
    pitch = 256
    room = np.zeros(rows * pitch + 64, np.float32), np.zeros(rows * pitch + 64, np.float32)
    folds = fold_halves(x, 10, period, rows, n, pitch, room)
    for k, (part, first) in enumerate(((rows // 2, 0), (rows - rows // 2, rows // 2))):
        for drift in range(part):
            written = np.zeros(n)
            for row, shift in enumerate(shifts(rows, drift, level=1, k=k), start=first):
                at = row * period + 10 + shift
                written += x[at : at + n]
            place = (first + drift) * pitch
            np.testing.assert_allclose(folds[place : place + n], written, atol=1e-4)


def test_the_share_of_a_drift_is_rounded_to_whole_bins_and_halves_upwards():
    for whole in range(2, 80):
        part = whole // 2
        for drift in range(whole):
            exact = (2 * drift * (part - 1) + whole - 1) // (2 * (whole - 1))
            assert share(drift, share_of(part, whole)) == exact


@pytest.mark.parametrize("rows", [2, 3, 6, 11, 16, 37])
def test_a_wrapped_fold_is_the_sum_of_turned_rows(rows):
    period = 23
    x = np.random.default_rng(rows).normal(0, 1, period * rows + 64).astype(np.float32)
    room = np.zeros(rows * period + 64, np.float32), np.zeros(rows * period + 64, np.float32)
    folds = fold_parts(x, period, rows, *room)
    for k, (part, first) in enumerate(((rows // 2, 0), (rows - rows // 2, rows // 2))):
        for drift in range(part):
            written = np.zeros(period)
            for row, shift in enumerate(shifts(rows, drift, level=1, k=k, groups=False), start=first):
                written += np.roll(x[row * period : (row + 1) * period], -shift)
            place = (first + drift) * period
            np.testing.assert_allclose(folds[place : place + period], written, atol=1e-4)


@pytest.mark.parametrize("uniform", [True, False])
@pytest.mark.parametrize("step", [1, 2])
def test_long_periods_have_the_statistic_of_brute_force_folding(uniform, step):
    series = make_series(1500, weight_type=np.uint16, uniform=uniform, seed=7)
    trials, count = make_trials([150, 163, 250, 400, 700, 1100], 1500, step=step)
    found = np.zeros(count, np.float32)
    scan_blocks(series, trials, 0, 1, found)
    for i, period in enumerate(trials.periods):
        rows = (series.length - 1) // period + 1
        for k in range((max(rows - 1, 1) - 1) // step + 1):
            missing, weights = profile_of(series, period, k * step, wrapped=False)
            widths = WIDTHS[:3] if step == 1 and k % 2 else WIDTHS
            written = best_box(missing, weights, wrapped=False, widths=widths)
            value = found[trials.places[i] + k]
            assert value >= written - 2e-4
            assert value < written + 2.5  # boxes that begin in the last bins reach into the next cycle


def test_short_periods_have_the_statistic_of_brute_force_folding():
    series = make_series(1500, weight_type=np.float32, seed=8)
    trials, count = make_trials([20, 33, 64, 75], 1500)
    found = np.zeros(count, np.float32)
    scan_wrapped(series, trials, 0, 1, found)
    for i, period in enumerate(trials.periods):
        rows = (series.length - 1) // period + 1
        for drift in range(rows - 1):
            missing, weights = profile_of(series, period, drift, wrapped=True, groups=False)
            widths = WIDTHS[:3] if drift % 2 else WIDTHS
            written = best_box(missing, weights, wrapped=True, widths=widths)
            assert found[trials.places[i] + drift] == pytest.approx(written, abs=2e-4)


def test_the_base_periods_can_be_shared_out_to_threads():
    series = make_series(1500, weight_type=np.uint16, seed=9)
    trials, count = make_trials([150, 163, 250, 400, 700], 1500)
    alone, shared = np.zeros(count, np.float32), np.zeros(count, np.float32)
    scan_blocks(series, trials, 0, 1, alone)
    for first in range(2):
        scan_blocks(series, trials, first, 2, shared)
    np.testing.assert_array_equal(alone, shared)


def test_compiled_code_is_kept_outside_the_package_and_apart_for_each_state_of_it(tmp_path):
    folder = cache_folder()
    assert "site-packages" not in folder.parts
    assert not folder.is_relative_to(Path(plain_kernels.__file__).parent)
    (tmp_path / "one.py").write_text("1")
    before = sources_digest(tmp_path)
    (tmp_path / "two.py").write_text("2")
    assert before != sources_digest(tmp_path)
