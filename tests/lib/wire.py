# SPDX-License-Identifier: MIT
"""What stands between two nodes in tests: all that comes to one end goes out at the other."""
import socket, threading


def _pump(one, other, seen):
    try:
        while data := one.recv(65536):
            if seen:
                seen.write(data)
            other.sendall(data)
    except OSError:
        pass
    for end in one, other:
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def wire(near, far, seen=None):
    """Begins, for two connections; `seen`, an unbuffered file, has what goes by, both ways."""
    for ends in (near, far), (far, near):
        threading.Thread(target=_pump, args=(*ends, seen), daemon=True).start()
