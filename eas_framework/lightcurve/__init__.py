"""Light curves as values: `LightcurveArbitraryRaster`, and `LightcurveFixedStep` on a regular raster.

Times are days in memory and seconds in text files. Flags are 0 for good samples, anything else for bad ones.
"""

from eas_framework.lightcurve.arbitrary_raster import LightcurveArbitraryRaster
from eas_framework.lightcurve.base import Lightcurve
from eas_framework.lightcurve.fixed_step import LightcurveFixedStep

__all__ = ["Lightcurve", "LightcurveArbitraryRaster", "LightcurveFixedStep"]
