"""Light-curve readers of eas_framework that need astropy's formats: Kepler/K2/TESS FITS, ECSV, VOTable."""

from collections.abc import Iterable

from eas_framework.plugins import LightcurveReader, hookimpl

__version__ = "1.0.0.dev0"


@hookimpl
def eas_lightcurve_readers() -> Iterable[LightcurveReader]:
    """The readers that this package supplies; astropy itself is imported when a file needs it."""
    from eas_astropy import fits, tables  # late: listing plugins needs neither

    return (fits.READER, *tables.READERS)
