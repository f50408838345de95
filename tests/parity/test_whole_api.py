"""The sum of this folder; its name sorts after the modules with the calls."""

import sys

import pytest
from documented_api import SERVER_FREE


def test_every_server_free_entry_was_called_for_real(called_entries, request, capsys):
    here = {item.path.name for item in request.session.items if item.path.parent == request.path.parent}
    wanted = {path.name for path in request.path.parent.glob("test_calls_*.py")}
    if not wanted <= here:
        pytest.skip("only a part of tests/parity was chosen")
    called = called_entries & SERVER_FREE
    with capsys.disabled():
        sys.stdout.write(f"\n{len(called)} of {len(SERVER_FREE)} server-free entries were called for real\n")
    assert sorted(SERVER_FREE - called) == []
