"""Task scripts of the prototype: what they use, and the plugin package that is made of them."""

from eas_framework.porting.folder import ScriptFolder, Task, read_folder
from eas_framework.porting.further import FurtherPackage, read_further
from eas_framework.porting.package import PortedPackage, make_package
from eas_framework.porting.usage import Use, uses_of
from eas_framework.porting.writing import write_package

__all__ = [
    "FurtherPackage",
    "PortedPackage",
    "ScriptFolder",
    "Task",
    "Use",
    "make_package",
    "read_folder",
    "read_further",
    "uses_of",
    "write_package",
]
