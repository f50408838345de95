# -*- coding: utf-8 -*-
# box_periodogram.py

"""
The period at which a light curve, folded, shows the deepest dip.
"""

import numpy as np


def best_period(times, fluxes, period_min, period_max, width=0.2, period_count=2000):
    """
    Trial periods have equal steps of frequency; the mean flux of a box of <width> days is compared with the rest.

    :return: period [days], power (depth times square root of the number of points in the box)
    """
    best = (0., 0.)
    dips = np.mean(fluxes) - fluxes
    for period in 1 / np.linspace(1 / period_max, 1 / period_min, period_count):
        bins = (np.mod(times, period) / (width / 2)).astype(int)
        total = np.bincount(bins, weights=dips)
        count = np.maximum(np.bincount(bins), 1)
        power = float(np.max(total / np.sqrt(count)))
        if power > best[1]:
            best = (float(period), power)
    return best
