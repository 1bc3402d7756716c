"""Connections as a plant may have them: late, slow, cut again and again."""

import contextlib
import socket
import threading
import time


class Link:
    """Passes what comes to `port` on to `target`, a port of this host, and the answers back."""

    def __init__(self, target, port=0):
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                near.close()
                continue
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            passed = [0]  # bytes, of both directions
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self.copy, args=(source, sink, passed),
                                 daemon=True).start()

    def copy(self, source, sink, passed):
        with contextlib.suppress(OSError):
            while piece := source.recv(64 << 10):
                self.delay(piece)
                sink.sendall(piece)
                passed[0] += len(piece)
                if self.breaks(passed):
                    break
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        source.close()  # the other thread closes the other

    def delay(self, piece):
        """Waits as long as `piece` takes."""

    def breaks(self, passed):
        """Whether the connection ends here."""
        return False

    def close(self):
        self.listener.close()


class SlowLink(Link):
    """Each way `seconds` late."""

    def __init__(self, target, seconds):
        self.seconds = seconds
        super().__init__(target)

    def delay(self, piece):
        time.sleep(self.seconds)


class CutLink(Link):
    """A connection breaks after `cut_after` bytes, the first `cuts_max` times; each way takes
    `rate` bytes a second."""

    def __init__(self, target, port, cut_after, cuts_max, rate):
        self.cut_after, self.cuts_max, self.rate, self.cuts = cut_after, cuts_max, rate, 0
        self.lock = threading.Lock()
        super().__init__(target, port)

    def delay(self, piece):
        time.sleep(len(piece) / self.rate)

    def breaks(self, passed):
        with self.lock:
            cut = self.cuts < self.cuts_max and passed[0] > self.cut_after
            self.cuts += cut
        return cut
