"""The folding search on whole light curves."""

from dataclasses import replace

import numpy as np
import pytest
from eas_tasks_tda.false_alarms import SearchVolume
from eas_tasks_tda.ffa import FfaSettings, search
from eas_tasks_tda.folding import Candidate, most_surprising
from eas_tasks_tda.folding_plan import classes, factors, trial_count
from eas_tasks_tda.grids import Star
from eas_tasks_tda.prepare import CleanCurve
from eas_tasks_tda.refine import Peak
from eas_tasks_tda.search import search_lightcurve
from eas_tasks_tda.slots import MOST_SLOTS, Slots, slot_length
from eas_tasks_tda.transit_model import transit_flux

from eas_framework.lightcurve import LightcurveArbitraryRaster

CADENCE = 30 / 1440


def dips(times, *, period, t0, depth, impact=0.3, parts=6):
    """Flux of a Sun-like star with a planet; sampled with an exposure of one cadence."""
    ratio, axis = np.sqrt(depth), 4.2 * period ** (2 / 3)
    flux = np.zeros(len(times))
    for part in (np.arange(parts) + 0.5) / parts - 0.5:
        phase = 2 * np.pi * (times + part * CADENCE - t0) / period
        distance = np.hypot(axis * np.sin(phase), impact * np.cos(phase))
        shown = np.where(np.cos(phase) > 0, distance, np.inf)
        flux += transit_flux(shown, radius_ratio=ratio, u1=0.48, u2=0.19) / parts
    return flux


def noisy(times, seed, *, sigma, **planet):
    """A planet with white noise."""
    return dips(times, **planet) + np.random.default_rng(seed).normal(0, sigma, len(times))


def k2_curve(seed, *, period=None, snr=14.0):
    """80 days at 30 minutes with gaps and unequal errors; the injected period is the second value."""
    rng = np.random.default_rng(seed)
    times = np.arange(0, 80, CADENCE)
    times = times[(np.abs(times - rng.uniform(10, 70)) > 1.5) & (rng.random(len(times)) > 0.03)]
    period = float(np.exp(rng.uniform(np.log(0.6), np.log(26)))) if period is None else period
    shape = 1 - dips(times, period=period, t0=rng.uniform(0, period), depth=1e-4)
    sigmas = 3e-4 * rng.uniform(0.7, 1.6, len(times))
    scale = snr / np.sqrt(np.sum((shape / sigmas) ** 2))
    return CleanCurve.clean(times, 1 - scale * shape + rng.normal(0, sigmas), uncertainties=sigmas), period


@pytest.mark.parametrize("seed", range(12))
def test_a_planet_in_a_gappy_curve_with_unequal_errors_is_found(seed):
    curve, period = k2_curve(seed)
    assert search(curve, settings=FfaSettings()).period_days == pytest.approx(period, rel=0.01)


def test_a_period_of_half_the_data_is_found():
    curve, period = k2_curve(5, period=39.2, snr=20)
    assert search(curve, settings=FfaSettings()).period_days == pytest.approx(period, rel=0.01)


def test_a_period_beyond_half_the_data_is_found_when_asked_for():
    times = np.arange(0, 80, CADENCE)
    fluxes = dips(times, period=52.3, t0=20.0, depth=2e-3) + np.random.default_rng(1).normal(
        0, 2e-4, len(times)
    )
    curve = CleanCurve.clean(times, fluxes)
    result = search(curve, settings=FfaSettings(period_max=75.0))
    assert result.period_days == pytest.approx(52.3, abs=0.02)
    assert result.transit_count == 2


def test_a_single_transit_is_reported_as_such():
    times = np.arange(0, 80, CADENCE)
    fluxes = dips(times, period=500.0, t0=31.0, depth=2e-3) + np.random.default_rng(2).normal(
        0, 2e-4, len(times)
    )
    result = search(CleanCurve.clean(times, fluxes), settings=FfaSettings())
    assert result.period_days is None
    assert result.transit_count == 1
    assert result.t0_days == pytest.approx(31.0, abs=0.05)
    assert result.depth == pytest.approx(2e-3, rel=0.2)
    assert "single transit" in result.note


def test_an_ultra_short_period_in_four_years_is_exact_to_1e_5_days():
    times = np.arange(0, 1461, CADENCE)
    fluxes = dips(times, period=0.6123, t0=0.3, depth=1.5e-4, parts=3)
    fluxes = fluxes + np.random.default_rng(3).normal(0, 3e-4, len(times))
    result = search(CleanCurve.clean(times, fluxes), settings=FfaSettings(period_max=3.0))
    assert result.period_days == pytest.approx(0.6123, abs=1e-5)


def test_uniform_and_folded_weights_agree_where_coverage_is_uniform():
    times = np.arange(0, 60, CADENCE)
    fluxes = dips(times, period=7.7, t0=2.0, depth=1e-3) + np.random.default_rng(4).normal(
        0, 4e-4, len(times)
    )
    curve = CleanCurve.clean(times, fluxes)
    even, folded = (search(curve, settings=FfaSettings(fold_weights=choice)) for choice in (None, True))
    assert even.period_days == pytest.approx(folded.period_days, rel=1e-9)
    assert even.sde == pytest.approx(folded.sde, rel=0.02)


def test_threads_do_not_change_the_result():
    curve, _ = k2_curve(7)
    one, two = (search(curve, settings=FfaSettings(), threads=threads) for threads in (1, 2))
    assert one == two


def test_noise_alone_gives_no_strong_signal():
    rng = np.random.default_rng(12)
    times = np.arange(0, 80, CADENCE)
    result = search(CleanCurve.clean(times, 1 + rng.normal(0, 1e-3, len(times))), settings=FfaSettings())
    assert result.snr < 7.5
    assert result.sde < 9


def test_times_off_any_grid_are_searched():
    rng = np.random.default_rng(13)
    times = np.sort(rng.uniform(0, 60, 4000))
    fluxes = dips(times, period=4.321, t0=1.0, depth=2e-3) + rng.normal(0, 5e-4, len(times))
    result = search(CleanCurve.clean(times, fluxes), settings=FfaSettings())
    assert result.period_days == pytest.approx(4.321, abs=0.002)


def test_a_decade_of_gap_between_two_months_does_not_hide_a_planet():
    times = np.concatenate([np.arange(0, 30, CADENCE), np.arange(3650, 3680, CADENCE)])
    fluxes = dips(times, period=3.3, t0=1.0, depth=2e-3) + np.random.default_rng(14).normal(
        0, 3e-4, len(times)
    )
    settings = FfaSettings(period_min=2.0, period_max=8.0)
    assert search(CleanCurve.clean(times, fluxes), settings=settings).period_days == pytest.approx(
        3.3, abs=1e-4
    )


def test_a_million_samples_fit_into_bounded_slots():
    times = np.arange(1_000_000) * (2 / 86400) * 40  # 925 days
    curve = CleanCurve(times=times, fluxes=np.ones(len(times)), sigmas=np.ones(len(times)))
    long = CleanCurve(times=times * 40, fluxes=curve.fluxes, sigmas=curve.sigmas)
    for case in (curve, long):
        length = slot_length(case, shortest_transit_days=0.02)
        assert case.span_days / length < MOST_SLOTS


def test_negative_errors_are_not_weights():
    curve, period = k2_curve(3)
    negative = LightcurveArbitraryRaster(curve.times, curve.fluxes, -curve.sigmas)
    assert search_lightcurve(search, negative, settings=FfaSettings()).period_days == pytest.approx(
        period, rel=0.01
    )


def test_a_known_star_needs_fewer_trials():
    count = {}
    for name, star in (
        ("any", Star()),
        ("sun", Star(smallest_radius=0.55, largest_radius=1.2, smallest_mass=1.0, largest_mass=1.0)),
    ):
        plan = classes(70_000, slot_days=CADENCE, shortest=0.5, longest=730.0, star=star)
        count[name] = sum(
            trial_count(trials, -(-70_000 // part.factor))
            for part in plan
            for trials in (part.blocks, part.wrapped)
        )
    assert count["sun"] < 0.75 * count["any"]


def test_bins_grow_by_half_or_a_third():
    sizes = factors()
    assert [next(sizes) for _ in range(8)] == [1, 2, 3, 4, 6, 8, 12, 16]


def test_slots_keep_the_sum_of_weights_and_missing_flux():
    curve, _ = k2_curve(2)
    slots = Slots.of(curve, shortest_transit_days=0.05)
    weights = curve.sigmas**-2
    assert slots.weights.sum() == pytest.approx(weights.sum())
    missing = np.sum((1 - curve.fluxes) * weights)
    level = (slots.bins(7)[0].sum() - missing) / weights.sum()
    assert level == pytest.approx(0, abs=1e-5)  # the mean less 1: 3e-4 / sqrt(3600) is 5e-6


def test_a_series_of_whole_weights_has_their_mean_and_gaps_stay_gaps():
    curve, _ = k2_curve(2)
    slots = Slots.of(curve, shortest_transit_days=0.05)
    series = slots.series(1, longest_period=1000, most_rows=20)
    counts = series.weights[: series.length].astype(float)
    assert not series.is_uniform
    assert np.all(counts[slots.weights == 0] == 0)
    ratio = counts.sum() / slots.weights.sum()
    np.testing.assert_allclose(counts, slots.weights * ratio, atol=1.5)
    assert counts.max() * 20 <= 65_535


@pytest.mark.parametrize(("durations", "chosen"), [((0.117, 0.101), 4.8), ((0.083, 0.084), 2.4)])
def test_where_the_fit_cannot_tell_the_period_is_that_at_which_the_star_has_such_transits(durations, chosen):
    # before the Sun 2.4 d give 0.101 d at most, 4.8 d 0.128 d, and a fifth less on the average
    curve, _ = k2_curve(2)
    slots = Slots.of(curve, shortest_transit_days=0.05)
    found = [
        Candidate(snr=snr, peak=Peak(period=period, t0=37.9, duration=duration))
        for period, snr, duration in zip((2.4, 4.8), (9.2, 9.1), durations, strict=True)
    ]
    volume = SearchVolume.of_slots(slots, limits=(0.5, 40.0), star=Star())
    assert most_surprising(found, slots, volume)[0].peak.period == chosen
    clear = [replace(found[0], snr=9.6), found[1]]
    assert most_surprising(clear, slots, volume)[0].peak.period == 2.4
