"""Whether a folder lies on a network file system, where SQLite's locks cannot be trusted."""

from __future__ import annotations

from pathlib import Path

NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "lustre", "gpfs", "beegfs", "cifs", "smb3", "smbfs", "ceph", "afs", "9p", "fuse.sshfs"}
)


def network_file_system(folder: Path, *, mounts: Path = Path("/proc/self/mounts")) -> str | None:
    """The type of the network file system that holds `folder`; None for a local or unknown one."""
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return None
    resolved = folder.resolve()
    holding = [line.split()[1:3] for line in lines if _holds(Path(line.split()[1]), resolved)]
    if not holding:
        return None
    _, kind = max(holding, key=lambda entry: len(entry[0]))
    is_network = kind in NETWORK_FILE_SYSTEMS or (kind.startswith("fuse.") and kind != "fuse.overlayfs")
    return kind if is_network else None


def _holds(mount_point: Path, folder: Path) -> bool:
    """Whether the mount point is the folder or lies above it."""
    return folder == mount_point or mount_point in folder.parents
